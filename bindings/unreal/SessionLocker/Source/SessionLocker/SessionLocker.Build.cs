using UnrealBuildTool;

public class SessionLocker : ModuleRules
{
    public SessionLocker(ReadOnlyTargetRules Target) : base(Target)
    {
        PCHUsage = PCHUsageMode.UseExplicitOrSharedPCHs;
        CppStandard = CppStandardVersion.Cpp17;
        PublicDependencyModuleNames.AddRange(new[] { "Core", "CoreUObject", "Engine", "SessionLockerLibrary" });
    }
}
