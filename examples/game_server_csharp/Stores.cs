using System;
using SessionLocker;

namespace GameServer
{
    /// <summary>The store with the players: which one, and whether it keeps what a store must promise.</summary>
    internal static class Stores
    {
        /// <summary>Opens the store of the command line.</summary>
        internal static Store Open(Options options)
        {
            switch (options.Store)
            {
                case StoreKind.Postgres:
                    if (options.CreatesTables)
                        Store.CreatePostgresTables(options.Where);
                    return Store.OpenPostgres(options.Where);
                case StoreKind.Redis:
                    if (options.CreatesTables)
                        Store.CreateRedisLayout(options.Where);
                    return Store.OpenRedis(options.Where);
                default:
                    return Store.OpenSqlite(options.Where);
            }
        }

        /// <summary>
        /// Tries out what a store must promise, next to what is in it, and says which promises it breaks. Waits for the
        /// store.
        /// </summary>
        internal static bool Check(Options options)
        {
            using (Store store = Open(options))
            {
                string broken = store.Check();
                Console.Write(broken.Length == 0 ? "the store keeps its promises\n" : broken);
                return broken.Length == 0;
            }
        }
    }
}
