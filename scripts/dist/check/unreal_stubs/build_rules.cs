// As much of Unreal's build tool as the plugin's rules use, to compile and run them without it.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace UnrealBuildTool
{
    public enum UnrealTargetPlatform { Win64, Linux, LinuxArm64 }

    public enum CppStandardVersion { Cpp17 }

    public sealed class ReadOnlyTargetRules
    {
        public UnrealTargetPlatform Platform;
    }

    public class Dependencies : List<string>
    {
        public void Add(string place, string source) => Add(source);
    }

    public class ModuleRules
    {
        public static string ModuleDirectory;
        public enum ModuleType { CPlusPlus, External }
        public enum PCHUsageMode { UseExplicitOrSharedPCHs }
        public ModuleType Type;
        public PCHUsageMode PCHUsage;
        public CppStandardVersion CppStandard;
        public readonly List<string> PublicSystemIncludePaths = new List<string>(), PublicAdditionalLibraries = new List<string>(),
            PublicDelayLoadDLLs = new List<string>(), PublicRuntimeLibraryPaths = new List<string>(),
            PublicDependencyModuleNames = new List<string>();
        public readonly Dependencies RuntimeDependencies = new Dependencies();

        public ModuleRules(ReadOnlyTargetRules target)
        {
        }
    }

    static class Test
    {
        // Every file that the rules name must be there, for each platform.
        static int Main(string[] arguments)
        {
            ModuleRules.ModuleDirectory = arguments[0];
            int count = 0;
            foreach (UnrealTargetPlatform platform in Enum.GetValues(typeof(UnrealTargetPlatform)))
            {
                ModuleRules rules = new SessionLockerLibrary(new ReadOnlyTargetRules { Platform = platform });
                new SessionLocker(new ReadOnlyTargetRules { Platform = platform });
                foreach (string path in rules.PublicAdditionalLibraries.Concat(rules.RuntimeDependencies).Concat(rules.PublicSystemIncludePaths))
                {
                    if (!File.Exists(path) && !Directory.Exists(path))
                    {
                        Console.Error.WriteLine("unreal: " + platform + ": " + path + " is missing");
                        return 1;
                    }
                    count++;
                }
            }
            Console.WriteLine("unreal: success, " + count + " paths");
            return 0;
        }
    }
}
