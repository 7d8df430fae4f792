#include "SessionLockerSubsystem.h"

DEFINE_LOG_CATEGORY(LogSessionLocker);

namespace
{
bool Check(slk_result Result, const TCHAR *What)
{
    if (Result >= SLK_OK)
        return true;
    char Text[512] = "";
    (void)slk_last_error(Text, sizeof Text, nullptr);
    UE_LOG(LogSessionLocker, Error, TEXT("%s: %s: %s"), What, UTF8_TO_TCHAR(slk_result_name(Result)), UTF8_TO_TCHAR(Text));
    return false;
}
} // namespace

bool USessionLockerSubsystem::ShouldCreateSubsystem(UObject *Outer) const
{
    return IsRunningDedicatedServer();
}

bool USessionLockerSubsystem::StartEngine(const FString &ServerId)
{
    if (Engine.id != 0)
        return false;
    const FTCHARToUTF8 Id(*ServerId);
    slk_engine_options Options = SLK_ENGINE_OPTIONS_INIT;
    Options.server_id = Id.Get();
    return Check(slk_engine_create(&Options, &Engine), TEXT("the engine does not start"));
}

void USessionLockerSubsystem::Tick(float DeltaTime)
{
    Check(slk_engine_update(Engine, BudgetMicroseconds), TEXT("update"));
    TakeEvents();
}

void USessionLockerSubsystem::TakeEvents()
{
    slk_event Event;
    while (Engine.id != 0 && slk_engine_next_event(Engine, &Event, sizeof Event) == SLK_OK)
        OnEvent.Broadcast(Event);
}

void USessionLockerSubsystem::Deinitialize()
{
    if (Engine.id != 0)
    {
        if (slk_engine_shutdown(Engine, ShutdownMilliseconds) != SLK_OK)
            UE_LOG(LogSessionLocker, Warning, TEXT("not everybody was saved and released in time"));
        TakeEvents();
        Check(slk_engine_destroy(Engine), TEXT("the engine does not end"));
        Engine.id = 0;
    }
    Super::Deinitialize();
}

TStatId USessionLockerSubsystem::GetStatId() const
{
    RETURN_QUICK_DECLARE_CYCLE_STAT(USessionLockerSubsystem, STATGROUP_Tickables);
}
