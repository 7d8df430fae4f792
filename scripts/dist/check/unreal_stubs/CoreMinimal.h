/* As much of Unreal as the plugin uses, to compile it without Unreal. */
#pragma once
#include <cstdint>

using uint32 = std::uint32_t;
using TCHAR = char16_t;
#define TEXT(Text) u##Text
#define THIRD_PARTY_INCLUDES_START
#define THIRD_PARTY_INCLUDES_END
#define SESSIONLOCKER_API
#define UCLASS(...)
#define GENERATED_BODY() using Super = UGameInstanceSubsystem;
#define DECLARE_LOG_CATEGORY_EXTERN(Name, ...) extern int Name
#define DEFINE_LOG_CATEGORY(Name) int Name
inline void LogStandIn(int, const TCHAR *, ...) {}
#define UE_LOG(Category, Verbosity, ...) LogStandIn(Category, __VA_ARGS__)
#define DECLARE_MULTICAST_DELEGATE_OneParam(Name, Parameter) \
    struct Name { \
        void Broadcast(Parameter) {} \
    }
#define UTF8_TO_TCHAR(Text) ((void)(Text), u"")

struct FString {
    const TCHAR *operator*() const { return u""; }
};
struct FTCHARToUTF8 {
    explicit FTCHARToUTF8(const TCHAR *) {}
    const char *Get() const { return "server"; }
};
struct TStatId {};
#define RETURN_QUICK_DECLARE_CYCLE_STAT(Name, Group) return TStatId()
struct UObject {
    bool IsTemplate() const { return false; }
};
inline bool IsRunningDedicatedServer() { return true; }
