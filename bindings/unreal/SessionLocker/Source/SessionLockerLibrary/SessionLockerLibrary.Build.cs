using System.IO;
using UnrealBuildTool;

// The native library, as make dist has put it into this folder: headers, import library, and the library itself, which is
// staged beside the program.
public class SessionLockerLibrary : ModuleRules
{
    public SessionLockerLibrary(ReadOnlyTargetRules Target) : base(Target)
    {
        Type = ModuleType.External;
        PublicSystemIncludePaths.Add(Path.Combine(ModuleDirectory, "include"));

        if (Target.Platform == UnrealTargetPlatform.Win64)
        {
            PublicAdditionalLibraries.Add(Path.Combine(ModuleDirectory, "lib", "Win64", "sessionlocker.lib"));
            PublicDelayLoadDLLs.Add("sessionlocker.dll");
            RuntimeDependencies.Add("$(BinaryOutputDir)/sessionlocker.dll", Path.Combine(ModuleDirectory, "lib", "Win64", "sessionlocker.dll"));
        }
        else if (Target.Platform == UnrealTargetPlatform.Linux)
        {
            AddShared("Linux");
        }
        else if (Target.Platform == UnrealTargetPlatform.LinuxArm64)
        {
            AddShared("LinuxArm64");
        }
    }

    private void AddShared(string Folder)
    {
        string Place = Path.Combine(ModuleDirectory, "lib", Folder);
        PublicAdditionalLibraries.Add(Path.Combine(Place, "libsessionlocker.so"));
        PublicRuntimeLibraryPaths.Add(Place);
        // Programs look for it by its soname.
        RuntimeDependencies.Add("$(BinaryOutputDir)/libsessionlocker.so.@abi@", Path.Combine(Place, "libsessionlocker.so.@abi@"));
    }
}
