// A command line for the Roslyn compiler library: what csc does, as far as this project needs it.
//
//   -out:FILE  -target:library|exe  -langversion:9  -unsafe  -define:A;B  -doc:FILE
//   -refdir:FOLDER   all managed assemblies of a folder        -r:FILE   one assembly
//   -netstandard:FILE  a netstandard.dll: every type of the system that the output uses must be named there
//   FILE or FOLDER   sources; a folder stands for all *.cs files below it
//
// Warnings are errors. Documentation comments are checked where -doc is given, which makes a missing one an error too.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

static class Compiler
{
    static string output, documentation, netstandard;
    static bool library, allowUnsafe;
    static LanguageVersion version = LanguageVersion.Latest;
    static readonly List<MetadataReference> references = new List<MetadataReference>();
    static readonly List<string> sources = new List<string>(), symbols = new List<string>();

    static int Main(string[] arguments)
    {
        foreach (string argument in arguments)
            if (!Take(argument))
                return Fail("'" + argument + "' means nothing here");
        if (output == null || sources.Count == 0)
            return Fail("-out and sources are needed");
        if (!Compile())
            return 1;
        return netstandard == null || UsesOnlyTypesOf(netstandard) ? 0 : 1;
    }

    static int Fail(string text)
    {
        Console.Error.WriteLine("dotnet-compiler: " + text);
        return 2;
    }

    static bool Take(string argument)
    {
        int colon = argument.IndexOf(':');
        string name = colon < 0 ? argument : argument.Substring(0, colon);
        string value = colon < 0 ? "" : argument.Substring(colon + 1);
        if (!argument.StartsWith("-"))
            AddSources(argument);
        else if (name == "-out")
            output = value;
        else if (name == "-doc")
            documentation = value;
        else if (name == "-netstandard")
            netstandard = value;
        else if (name == "-target")
            library = value == "library";
        else if (name == "-unsafe")
            allowUnsafe = true;
        else if (name == "-define")
            symbols.AddRange(value.Split(';'));
        else if (name == "-r")
            references.Add(MetadataReference.CreateFromFile(value));
        else if (name == "-refdir")
            AddReferences(value);
        else if (name == "-langversion")
            return LanguageVersionFacts.TryParse(value, out version);
        else
            return false;
        return true;
    }

    static void AddSources(string path)
    {
        if (!Directory.Exists(path))
            sources.Add(path);
        else
            sources.AddRange(Directory.GetFiles(path, "*.cs", SearchOption.AllDirectories).OrderBy(it => it, StringComparer.Ordinal));
    }

    static void AddReferences(string folder)
    {
        foreach (string file in Directory.GetFiles(folder, "*.dll"))
        {
            try
            {
                System.Reflection.AssemblyName.GetAssemblyName(file);
                references.Add(MetadataReference.CreateFromFile(file));
            }
            catch (BadImageFormatException)
            {
                // A native library that lies beside the assemblies.
            }
        }
    }

    static bool Compile()
    {
        DocumentationMode mode = documentation == null ? DocumentationMode.None : DocumentationMode.Diagnose;
        CSharpParseOptions parse = new CSharpParseOptions(version, mode).WithPreprocessorSymbols(symbols);
        IEnumerable<SyntaxTree> trees = sources.Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), parse, file, Encoding.UTF8));
        CSharpCompilationOptions options = new CSharpCompilationOptions(library ? OutputKind.DynamicallyLinkedLibrary : OutputKind.ConsoleApplication)
            .WithAllowUnsafe(allowUnsafe)
            .WithOptimizationLevel(OptimizationLevel.Release)
            .WithDeterministic(true)
            .WithWarningLevel(4)
            .WithGeneralDiagnosticOption(ReportDiagnostic.Error);
        CSharpCompilation compilation = CSharpCompilation.Create(Path.GetFileNameWithoutExtension(output), trees.ToList(), references, options);
        EmitResult result;
        using (FileStream file = File.Create(output))
        using (Stream doc = documentation == null ? null : File.Create(documentation))
            result = compilation.Emit(file, null, doc);
        foreach (Diagnostic diagnostic in result.Diagnostics.Where(it => it.Severity >= DiagnosticSeverity.Warning).Take(60))
            Console.Error.WriteLine(diagnostic.ToString());
        if (!result.Success)
            File.Delete(output);
        return result.Success;
    }

    // The facade of that name lists the types of netstandard as "exported": it forwards each to where it lives.
    static bool UsesOnlyTypesOf(string facade)
    {
        // No HashSet: the assembly that has it is newer in the compiler library than in what this is compiled against.
        Dictionary<string, bool> known = new Dictionary<string, bool>();
        using (PEReader reader = new PEReader(File.OpenRead(facade)))
        {
            MetadataReader metadata = reader.GetMetadataReader();
            foreach (ExportedTypeHandle handle in metadata.ExportedTypes)
            {
                ExportedType type = metadata.GetExportedType(handle);
                known[metadata.GetString(type.Namespace) + "." + metadata.GetString(type.Name)] = true;
            }
        }
        bool all = true;
        using (PEReader reader = new PEReader(File.OpenRead(output)))
        {
            MetadataReader metadata = reader.GetMetadataReader();
            foreach (TypeReferenceHandle handle in metadata.TypeReferences)
            {
                TypeReference type = metadata.GetTypeReference(handle);
                if (type.ResolutionScope.Kind != HandleKind.AssemblyReference)
                    continue;
                string name = metadata.GetString(type.Namespace) + "." + metadata.GetString(type.Name);
                if (known.ContainsKey(name))
                    continue;
                Console.Error.WriteLine("dotnet-compiler: " + name + " is not in netstandard 2.1");
                all = false;
            }
        }
        return all;
    }
}
