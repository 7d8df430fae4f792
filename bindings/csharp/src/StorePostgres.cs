using System;

namespace SessionLocker
{
    /// <summary>How to use a PostgreSQL server. What is not set has the library's default.</summary>
    public sealed class PostgresOptions
    {
        /// <summary>Talk to the server through TLS only, and only if its certificate is trusted and of its name.</summary>
        public bool RequireTls { get; set; }

        /// <summary>
        /// Refuse a server that does not replicate synchronously: a failover could lose saves that were reported.
        /// </summary>
        public bool RequireSynchronous { get; set; }

        /// <summary>Connections to each database; with more than one, half of them are for reads alone. Default 4.</summary>
        public int Connections { get; set; }

        /// <summary>The most writes in one transaction; default 256.</summary>
        public int Batch { get; set; }

        /// <summary>How long each server of a URL is given to let this one in; default 5 seconds.</summary>
        public TimeSpan ConnectTimeout { get; set; }

        /// <summary>
        /// How long a batch of requests may take before its connection is given up and its writes are of unknown outcome;
        /// default 8 seconds.
        /// </summary>
        public TimeSpan RequestTimeout { get; set; }
    }

    public sealed unsafe partial class Store
    {
        /// <summary>
        /// Opens the store in a PostgreSQL database, for servers on many machines. Its tables must be there: see
        /// <see cref="CreatePostgresTables"/>.
        /// </summary>
        /// <param name="url">
        /// postgresql://user:password@host:port/database, as libpq has it; several hosts are a primary and its standbys,
        /// several URLs with spaces between them are primaries over which the keys are spread.
        /// </param>
        /// <param name="options">How to use it; null for the defaults.</param>
        /// <returns>The store.</returns>
        public static Store OpenPostgres(string url, PostgresOptions options = null)
        {
            Begin();
            slk_postgres_options native = NativeOf(options);
            using Utf8 place = new Utf8(url, stackalloc byte[Utf8.OnStack], nameof(url));
            slk_store handle;
            fixed (byte* bytes = place)
                Failure.Check(Native.slk_store_open_postgres(bytes, &native, &handle));
            return new Store(handle);
        }

        /// <summary>
        /// Makes the tables of the store in a PostgreSQL database, where they are not there yet. What is there is left as it
        /// is.
        /// </summary>
        /// <param name="url">As for <see cref="OpenPostgres"/>.</param>
        /// <param name="options">How to use it; null for the defaults.</param>
        public static void CreatePostgresTables(string url, PostgresOptions options = null)
        {
            Begin();
            slk_postgres_options native = NativeOf(options);
            using Utf8 place = new Utf8(url, stackalloc byte[Utf8.OnStack], nameof(url));
            fixed (byte* bytes = place)
                Failure.Check(Native.slk_postgres_create_tables(bytes, &native));
        }

        private static slk_postgres_options NativeOf(PostgresOptions options)
        {
            slk_postgres_options native = default;
            Failure.Check(Native.slk_postgres_options_init(&native, (nuint)sizeof(slk_postgres_options)));
            if (options == null)
                return native;
            native.flags |= options.RequireTls ? (uint)Native.SLK_POSTGRES_REQUIRE_TLS : 0;
            native.flags |= options.RequireSynchronous ? (uint)Native.SLK_POSTGRES_REQUIRE_SYNCHRONOUS : 0;
            native.connections = checked((uint)options.Connections);
            native.batch = checked((uint)options.Batch);
            native.connect_timeout_ms = Milliseconds.Of(options.ConnectTimeout, nameof(options.ConnectTimeout));
            native.request_timeout_ms = Milliseconds.Of(options.RequestTimeout, nameof(options.RequestTimeout));
            return native;
        }
    }
}
