// Makes an assembly one for netstandard 2.1: netstandard.exe FILE FOLDER...
//
// It was compiled against a runtime, whose assemblies it names for each type of the system, after a check that netstandard
// 2.1 has them all. Here all of them become netstandard's, so that every runtime finds them by its own facade. A type may have
// functions in that runtime that it lacks in others, which would show only when one is called: the folders have Mono's
// assemblies, where every function must be found.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Mono.Cecil;

static class Retarget
{
    static int Main(string[] arguments)
    {
        string file = arguments[0];
        // In memory, because the result takes the file's place.
        ModuleDefinition module = ModuleDefinition.ReadModule(new MemoryStream(File.ReadAllBytes(file)));
        AssemblyNameReference netstandard = new AssemblyNameReference("netstandard", new Version(2, 1, 0, 0));
        netstandard.PublicKeyToken = new byte[] { 0xcc, 0x7b, 0x13, 0xff, 0xcd, 0x2d, 0xdd, 0x51 };
        foreach (TypeReference type in module.GetTypeReferences().Where(it => it.Scope is AssemblyNameReference))
            type.Scope = netstandard;
        module.AssemblyReferences.Clear();
        module.AssemblyReferences.Add(netstandard);
        MemoryStream output = new MemoryStream();
        module.Write(output);
        byte[] bytes = output.ToArray();
        ClearTime(bytes);
        File.WriteAllBytes(file, bytes);
        return HasAllMembers(bytes, arguments.Skip(1)) ? 0 : 1;
    }

    static bool HasAllMembers(byte[] assembly, IEnumerable<string> folders)
    {
        DefaultAssemblyResolver resolver = new DefaultAssemblyResolver();
        foreach (string folder in folders)
            resolver.AddSearchDirectory(folder);
        ModuleDefinition module = ModuleDefinition.ReadModule(new MemoryStream(assembly), new ReaderParameters { AssemblyResolver = resolver });
        string[] missing = module.GetMemberReferences().Where(it => it.Resolve() == null).Select(it => it.FullName).ToArray();
        foreach (string name in missing)
            Console.Error.WriteLine("netstandard: Mono has no " + name);
        return missing.Length == 0;
    }

    // The header of the file has the time of writing: four bytes, eight after the place that the old header names.
    static void ClearTime(byte[] file)
    {
        Array.Clear(file, BitConverter.ToInt32(file, 0x3c) + 8, 4);
    }
}
