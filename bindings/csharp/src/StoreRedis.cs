using System;

namespace SessionLocker
{
    /// <summary>How to use a Redis or Valkey server. What is not set has the library's default.</summary>
    public sealed class RedisOptions
    {
        /// <summary>
        /// Refuse URLs without TLS. With TLS the certificate must always be trusted and of the server's name.
        /// </summary>
        public bool RequireTls { get; set; }

        /// <summary>
        /// Refuse a server that can lose a save that was reported, as far as it tells how it is set up.
        /// </summary>
        public bool RequireDurable { get; set; }

        /// <summary>
        /// Connections to each server, or to each node of a cluster; with more than one, half of them are for reads alone.
        /// Default 4.
        /// </summary>
        public int Connections { get; set; }

        /// <summary>The most writes in one round trip; default 256.</summary>
        public int Batch { get; set; }

        /// <summary>How long each server of a URL is given to let this one in; default 5 seconds.</summary>
        public TimeSpan ConnectTimeout { get; set; }

        /// <summary>
        /// How long a batch of requests may take before its connection is given up and its writes are of unknown outcome;
        /// default 8 seconds.
        /// </summary>
        public TimeSpan RequestTimeout { get; set; }

        /// <summary>
        /// A write is answered as done only when so many replicas have it, up to 100; otherwise its outcome is unknown.
        /// Default 0: it waits for none.
        /// </summary>
        public int WaitReplicas { get; set; }

        /// <summary>How long they are waited for, less than <see cref="RequestTimeout"/>; default one second.</summary>
        public TimeSpan Wait { get; set; }
    }

    public sealed unsafe partial class Store
    {
        /// <summary>
        /// Opens the store in a Redis or Valkey server, or in a cluster of them, for servers on many machines. Its layout must
        /// be there: see <see cref="CreateRedisLayout"/>.
        /// </summary>
        /// <param name="url">
        /// redis://user:password@host:port/database, rediss:// for TLS, or redis+unix:///path/of/socket; several hosts are a
        /// primary and its replicas, or nodes of a cluster; several URLs with spaces between them are servers over which the
        /// keys are spread.
        /// </param>
        /// <param name="options">How to use it; null for the defaults.</param>
        /// <returns>The store.</returns>
        public static Store OpenRedis(string url, RedisOptions options = null)
        {
            Begin();
            slk_redis_options native = NativeOf(options);
            using Utf8 place = new Utf8(url, stackalloc byte[Utf8.OnStack], nameof(url));
            slk_store handle;
            fixed (byte* bytes = place)
                Failure.Check(Native.slk_store_open_redis(bytes, &native, &handle));
            return new Store(handle);
        }

        /// <summary>
        /// Makes the layout of the store on a Redis server, where it is not there yet. What is there is left as it is. To be
        /// called once, when a game is set up: a server that has lost its data is told from a new one by it.
        /// </summary>
        /// <param name="url">As for <see cref="OpenRedis"/>.</param>
        /// <param name="options">How to use it; null for the defaults.</param>
        public static void CreateRedisLayout(string url, RedisOptions options = null)
        {
            Begin();
            slk_redis_options native = NativeOf(options);
            using Utf8 place = new Utf8(url, stackalloc byte[Utf8.OnStack], nameof(url));
            fixed (byte* bytes = place)
                Failure.Check(Native.slk_redis_create_layout(bytes, &native));
        }

        private static slk_redis_options NativeOf(RedisOptions options)
        {
            slk_redis_options native = default;
            Failure.Check(Native.slk_redis_options_init(&native, (nuint)sizeof(slk_redis_options)));
            if (options == null)
                return native;
            native.flags |= options.RequireTls ? (uint)Native.SLK_REDIS_REQUIRE_TLS : 0;
            native.flags |= options.RequireDurable ? (uint)Native.SLK_REDIS_REQUIRE_DURABLE : 0;
            native.connections = checked((uint)options.Connections);
            native.batch = checked((uint)options.Batch);
            native.connect_timeout_ms = Milliseconds.Of(options.ConnectTimeout, nameof(options.ConnectTimeout));
            native.request_timeout_ms = Milliseconds.Of(options.RequestTimeout, nameof(options.RequestTimeout));
            native.wait_replicas = checked((uint)options.WaitReplicas);
            native.wait_ms = Milliseconds.Of(options.Wait, nameof(options.Wait));
            return native;
        }
    }
}
