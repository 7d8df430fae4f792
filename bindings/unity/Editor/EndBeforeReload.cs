using SessionLocker.Unity;
using UnityEditor;

namespace SessionLocker.UnityEditor
{
    /// <summary>
    /// Native code that calls scripts which were unloaded ends the editor, so everything is ended before: when the scripts are
    /// loaded anew, when play mode ends, and when the editor quits.
    /// </summary>
    [InitializeOnLoad]
    internal static class EndBeforeReload
    {
        static EndBeforeReload()
        {
            AssemblyReloadEvents.beforeAssemblyReload += SessionLockerTicker.EndAll;
            EditorApplication.quitting += SessionLockerTicker.EndAll;
            EditorApplication.playModeStateChanged += change =>
            {
                if (change == PlayModeStateChange.ExitingPlayMode)
                    SessionLockerTicker.EndAll();
            };
        }
    }
}
