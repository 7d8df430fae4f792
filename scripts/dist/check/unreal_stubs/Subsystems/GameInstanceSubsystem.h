#pragma once
#include "CoreMinimal.h"

struct UGameInstanceSubsystem : UObject {
    virtual ~UGameInstanceSubsystem() = default;
    virtual bool ShouldCreateSubsystem(UObject *) const { return true; }
    virtual void Deinitialize() {}
};
