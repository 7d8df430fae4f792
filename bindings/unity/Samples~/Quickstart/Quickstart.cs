using System;
using System.Buffers;
using System.IO;
using System.Text;
using SessionLocker;
using SessionLocker.Unity;
using UnityEngine;

/// <summary>A player joins, gets a coin, and is saved. Put it on any object of a scene.</summary>
public sealed class Quickstart : MonoBehaviour
{
    /// <summary>A player's data, with fields as Unity's JSON wants them.</summary>
    [Serializable]
    public sealed class PlayerData
    {
        /// <summary>What the player owns.</summary>
        public long gold;
    }

    // Any JSON library takes as much.
    private sealed class UnityJson : IDataSerializer<PlayerData>
    {
        public void Write(PlayerData value, IBufferWriter<byte> output)
        {
            output.Write(Encoding.UTF8.GetBytes(JsonUtility.ToJson(value)));
        }

        public PlayerData Read(ReadOnlySpan<byte> json)
        {
            return JsonUtility.FromJson<PlayerData>(Encoding.UTF8.GetString(json));
        }
    }

    private async void Start()
    {
        string file = Path.Combine(Application.persistentDataPath, "players.db");
        Profiles<PlayerData> profiles = Profiles<PlayerData>.OpenSqlite(file, "unity-server", new ProfileOptions<PlayerData>
        {
            Serializer = new UnityJson(),
            CreateDefault = key => new PlayerData(),
        });
        SessionLockerTicker.Shared.Add(profiles); // ticks it from now on, and ends it when the program quits
        try
        {
            Profile<PlayerData> player = await profiles.StartAsync("42"); // this server has the player now, and no other
            player.Edit(data => data.gold += 1);
            Debug.Log("player 42 has " + player.Data.gold + " gold");
            await player.SaveAsync(); // goes on when it is durable
            Debug.Log("saved");
            await player.EndAsync(); // goes on when another server may have the player
        }
        catch (Exception error)
        {
            Debug.LogException(error, this);
        }
    }
}
