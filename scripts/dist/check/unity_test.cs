// Plays the package's sample as Unity would: starts it, calls Update in a loop, and ends it in each of Unity's ways.
using System;
using System.Diagnostics;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Threading;
using SessionLocker;
using SessionLocker.Unity;
using UnityEditor;
using UnityEngine;
using Debug = UnityEngine.Debug;

static class UnityTest
{
    static int Main()
    {
        // The editor runs the static constructors of such classes when it has loaded the scripts.
        foreach (Type type in Assembly.Load("SessionLocker.CSharp.Editor").GetTypes().Where(it => it.IsDefined(typeof(InitializeOnLoadAttribute), false)))
            RuntimeHelpers.RunClassConstructor(type.TypeHandle);
        Play("quitting", 1, () => GameObject.Call(SessionLockerTicker.Shared, "OnApplicationQuit"));
        Play("a reload of the scripts", 2, AssemblyReloadEvents.Reload);
        Play("the end of play mode", 3, () => EditorApplication.Change(PlayModeStateChange.ExitingPlayMode));
        Play("the destruction of its object", 4, () =>
        {
            SessionLockerTicker ticker = SessionLockerTicker.Shared;
            UnityEngine.Object.Destroy(ticker);
            GameObject.Call(ticker, "OnDestroy");
        });
        EndsPlayersWhoAreStillHere();
        Console.WriteLine("unity: success");
        return 0;
    }

    static void Play(string how, int gold, Action end)
    {
        Debug.Said.Clear();
        GameObject.Call(new Quickstart(), "Start");
        UpdateUntil(() => Debug.Said.Contains("saved"));
        Require(Debug.Said.SequenceEqual(new[] { "player 42 has " + gold + " gold", "saved" }), string.Join(", ", Debug.Said));
        Require(SessionLockerLibrary.CountObjects().Engines == 1, "an engine while it is played");
        end();
        Require(SessionLockerLibrary.CountObjects().Total == 0, how + " leaves " + SessionLockerLibrary.CountObjects());
        Console.WriteLine("ended by " + how);
    }

    // Whoever was not released would be locked for a lease: the next session would wait for a minute.
    static void EndsPlayersWhoAreStillHere()
    {
        for (int i = 0; i < 2; i++)
        {
            Store store = Store.OpenSqlite("unity-players.db");
            Engine engine = new Engine(new EngineOptions { ServerId = "server-" + i });
            Spec spec = engine.CreateSpec(new SpecOptions { Name = "player", Store = store, SchemaVersion = 1, DefaultJson = "{}" });
            Locker locker = spec.CreateLocker("7");
            bool isLoaded = false;
            engine.Loaded += happened => isLoaded = true;
            SessionLockerTicker.Shared.Add(engine, store);
            locker.MarkShouldAcquire();
            UpdateUntil(() => isLoaded);
            SessionLockerTicker.EndAll();
            Require(SessionLockerLibrary.CountObjects().Total == 0, "left: " + SessionLockerLibrary.CountObjects());
        }
    }

    static void UpdateUntil(Func<bool> isDone)
    {
        Stopwatch time = Stopwatch.StartNew();
        while (!isDone())
        {
            Require(time.Elapsed < TimeSpan.FromSeconds(30), "nothing more happens: " + string.Join(", ", Debug.Said));
            GameObject.Call(SessionLockerTicker.Shared, "Update");
            Thread.Sleep(10);
        }
    }

    static void Require(bool holds, string what)
    {
        if (holds)
            return;
        Console.Error.WriteLine("unity: " + what);
        Environment.Exit(1);
    }
}
