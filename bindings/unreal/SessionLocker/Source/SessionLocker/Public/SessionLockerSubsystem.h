#pragma once

#include "CoreMinimal.h"
#include "Subsystems/GameInstanceSubsystem.h"
#include "Tickable.h"

THIRD_PARTY_INCLUDES_START
#include <sessionlocker.h>
THIRD_PARTY_INCLUDES_END

#include "SessionLockerSubsystem.generated.h"

DECLARE_LOG_CATEGORY_EXTERN(LogSessionLocker, Log, All);
DECLARE_MULTICAST_DELEGATE_OneParam(FSessionLockerEvent, const slk_event &);

/**
 * One engine of the library in a dedicated server: ticked with the game, its events as a delegate on the game thread, and
 * everybody saved and released when the server ends.
 *
 * The store, the specs and the lockers are made with the library's C functions on GetEngine().
 */
UCLASS()
class SESSIONLOCKER_API USessionLockerSubsystem : public UGameInstanceSubsystem, public FTickableGameObject
{
    GENERATED_BODY()

public:
    /** The time that the library may take in each tick. */
    static constexpr uint32 BudgetMicroseconds = 1000;

    /** How long the end of the server may wait until everybody is saved and released. */
    static constexpr uint32 ShutdownMilliseconds = 10000;

    /** Starts the engine. ServerId is unique among living servers. False: the log says why. */
    bool StartEngine(const FString &ServerId);

    /** Not zero while the engine runs. */
    slk_engine GetEngine() const { return Engine; }

    /** Each event, in order, while the engine is ticked. Its views are valid until the delegate returns. */
    FSessionLockerEvent OnEvent;

    // UGameInstanceSubsystem: only servers have players to save.
    virtual bool ShouldCreateSubsystem(UObject *Outer) const override;
    virtual void Deinitialize() override;

    // FTickableGameObject: also while the game is paused, because other servers wait for this one's beat.
    virtual void Tick(float DeltaTime) override;
    virtual bool IsTickable() const override { return Engine.id != 0; }
    virtual bool IsTickableWhenPaused() const override { return true; }
    virtual ETickableTickType GetTickableTickType() const override
    {
        return IsTemplate() ? ETickableTickType::Never : ETickableTickType::Conditional;
    }
    virtual TStatId GetStatId() const override;

private:
    void TakeEvents();

    slk_engine Engine{0};
};
