#pragma once
#define IMPLEMENT_MODULE(Class, Name) extern int Name##IsAModule;
struct FDefaultModuleImpl {};
