#pragma once
#include "CoreMinimal.h"

enum class ETickableTickType { Conditional, Always, Never };
struct FTickableGameObject {
    virtual ~FTickableGameObject() = default;
    virtual void Tick(float) = 0;
    virtual bool IsTickable() const { return true; }
    virtual bool IsTickableWhenPaused() const { return false; }
    virtual ETickableTickType GetTickableTickType() const { return ETickableTickType::Always; }
    virtual TStatId GetStatId() const = 0;
};
