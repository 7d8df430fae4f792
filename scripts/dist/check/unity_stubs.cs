// As much of Unity as the package uses, to compile and run it without Unity: objects whose events a test calls.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Reflection;

namespace UnityEngine
{
    public class Object
    {
        private bool isDestroyed;

        public static bool operator ==(Object one, Object other) => IsNull(one) ? IsNull(other) : ReferenceEquals(one, other);

        public static bool operator !=(Object one, Object other) => !(one == other);

        public override bool Equals(object other) => this == (other as Object);

        public override int GetHashCode() => 0;

        // Unity's objects equal null when they are destroyed.
        public static void Destroy(Object target)
        {
            target.isDestroyed = true;
        }

        public static void DontDestroyOnLoad(Object target)
        {
        }

        private static bool IsNull(Object it) => it is null || it.isDestroyed;
    }

    public class MonoBehaviour : Object
    {
    }

    public sealed class GameObject : Object
    {
        public static readonly List<MonoBehaviour> Components = new List<MonoBehaviour>();

        public GameObject(string name)
        {
        }

        public T AddComponent<T>()
            where T : MonoBehaviour, new()
        {
            T made = new T();
            Components.Add(made);
            return made;
        }

        // What Unity does with a method of such a name.
        public static void Call(MonoBehaviour component, string name)
        {
            MethodInfo method = component.GetType().GetMethod(name, BindingFlags.Instance | BindingFlags.NonPublic);
            method?.Invoke(component, null);
        }
    }

    public static class Application
    {
        public static string persistentDataPath = ".";
    }

    public static class Debug
    {
        public static readonly List<string> Said = new List<string>();

        public static void Log(object message)
        {
            Said.Add(Convert.ToString(message, CultureInfo.InvariantCulture));
            Console.WriteLine(message);
        }

        public static void LogException(Exception error, Object context)
        {
            Said.Add(error.ToString());
            Console.WriteLine(error);
        }
    }

    // One number, which is all that the sample's data have.
    public static class JsonUtility
    {
        public static string ToJson(object value)
        {
            FieldInfo field = value.GetType().GetFields()[0];
            return "{\"" + field.Name + "\":" + field.GetValue(value) + "}";
        }

        public static T FromJson<T>(string json)
            where T : new()
        {
            T made = new T();
            string number = json.Substring(json.IndexOf(':') + 1).TrimEnd('}', ' ');
            typeof(T).GetFields()[0].SetValue(made, long.Parse(number, CultureInfo.InvariantCulture));
            return made;
        }
    }

    public enum RuntimeInitializeLoadType
    {
        SubsystemRegistration,
    }

    [AttributeUsage(AttributeTargets.Method)]
    public sealed class RuntimeInitializeOnLoadMethodAttribute : Attribute
    {
        public RuntimeInitializeOnLoadMethodAttribute(RuntimeInitializeLoadType when)
        {
        }
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class DisallowMultipleComponentAttribute : Attribute
    {
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class AddComponentMenuAttribute : Attribute
    {
        public AddComponentMenuAttribute(string name)
        {
        }
    }

}

namespace UnityEditor
{
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class InitializeOnLoadAttribute : Attribute
    {
    }

    public static class AssemblyReloadEvents
    {
        public static event Action beforeAssemblyReload;

        public static void Reload() => beforeAssemblyReload?.Invoke();
    }

    public enum PlayModeStateChange
    {
        EnteredEditMode,
        ExitingPlayMode,
    }

    public static class EditorApplication
    {
        public static event Action quitting;

        public static event Action<PlayModeStateChange> playModeStateChanged;

        public static void Quit() => quitting?.Invoke();

        public static void Change(PlayModeStateChange change) => playModeStateChanged?.Invoke(change);
    }
}
