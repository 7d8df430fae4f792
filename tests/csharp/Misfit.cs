using System;

namespace SessionLocker.Tests
{
    /// <summary>What a program sees first where the library is missing or does not fit.</summary>
    internal static class Misfit
    {
        internal static int Tell()
        {
            try
            {
                Store.OpenMemory().Dispose();
                Console.WriteLine("the library fits");
                return 0;
            }
            catch (SessionLockerLibraryException error)
            {
                Console.WriteLine(error.Message);
                return 3;
            }
        }
    }
}
