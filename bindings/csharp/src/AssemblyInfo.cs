using System.Reflection;
using System.Runtime.CompilerServices;

[assembly: AssemblyTitle("SessionLocker")]
[assembly: AssemblyDescription("Keeps players' save data safe in game servers.")]
[assembly: AssemblyVersion("0.1.0.0")]
[assembly: InternalsVisibleTo("SessionLocker.CSharp.Tests")]
