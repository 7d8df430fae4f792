// Stand-ins for the few classes of Unity that the guide's page uses, and a stage that plays its components: each is
// enabled, started, updated until it has said what is waited for, and disabled.
using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Threading;

namespace UnityEngine
{
    public class GameObject
    {
    }

    public class MonoBehaviour
    {
        public GameObject gameObject { get; } = new GameObject();

        public static void DontDestroyOnLoad(GameObject kept)
        {
        }
    }

    public static class Application
    {
        public static string persistentDataPath => Directory.GetCurrentDirectory();
    }

    public static class Debug
    {
        public static readonly List<string> Said = new List<string>();

        public static void Log(object what)
        {
            Said.Add(what.ToString());
            Console.WriteLine(what);
        }
    }

    public static class JsonUtility
    {
        public static string ToJson(object value)
        {
            using (var stream = new MemoryStream())
            {
                new DataContractJsonSerializer(value.GetType()).WriteObject(stream, value);
                return Encoding.UTF8.GetString(stream.ToArray());
            }
        }

        public static T FromJson<T>(string json)
        {
            using (var stream = new MemoryStream(Encoding.UTF8.GetBytes(json)))
                return (T)new DataContractJsonSerializer(typeof(T)).ReadObject(stream);
        }
    }

    public static class Stage
    {
        public static int Main()
        {
            MonoBehaviour[] components = { new SaveData(), new Purse() };
            SendAll(components, "OnEnable");
            SendAll(components, "Start");
            for (int frame = 0; frame < 2000 && Debug.Said.Count == 0; frame++)
            {
                SendAll(components, "Update");
                Thread.Sleep(5);
            }
            SendAll(components, "OnDisable");
            return 0;
        }

        // Unity finds these methods by their names too.
        private static void SendAll(MonoBehaviour[] components, string message)
        {
            foreach (MonoBehaviour component in components)
                component.GetType().GetMethod(message, BindingFlags.Instance | BindingFlags.NonPublic)?.Invoke(component, null);
        }
    }
}
