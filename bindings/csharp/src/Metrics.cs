using System;

namespace SessionLocker
{
    /// <summary>
    /// What an engine has counted since it was made, and what there is now, over all its stores and specs. Times are in
    /// seconds.
    /// </summary>
    public sealed class Metrics
    {
        private readonly slk_metrics native;

        internal Metrics(in slk_metrics native)
        {
            this.native = native;
        }

        /// <summary>Sessions begun.</summary>
        public long SessionsAcquired => (long)native.sessions_acquired;

        /// <summary>Sessions that the game let go.</summary>
        public long SessionsReleased => (long)native.sessions_released;

        /// <summary>Sessions let go by a shutdown.</summary>
        public long SessionsReleasedByShutdown => (long)native.sessions_released_by_shutdown;

        /// <summary>Sessions handed over to servers that asked.</summary>
        public long HandoversGiven => (long)native.handovers_given;

        /// <summary>Sessions that other servers handed over when asked.</summary>
        public long HandoversReceived => (long)native.handovers_received;

        /// <summary>Requests for hand-over that were refused here.</summary>
        public long HandoversRefused => (long)native.handovers_refused;

        /// <summary>Sessions taken over from dead servers.</summary>
        public long Takeovers => (long)native.takeovers;

        /// <summary>Sessions lost because another server took the record.</summary>
        public long LostTaken => (long)native.lost_taken;

        /// <summary>Sessions lost because the record was removed.</summary>
        public long LostErased => (long)native.lost_erased;

        /// <summary>Sessions lost because the store has lost writes.</summary>
        public long LostRolledBack => (long)native.lost_rolled_back;

        /// <summary>Loads that had to wait for a living server.</summary>
        public long WaitsLivingServer => (long)native.waits_living_server;

        /// <summary>Loads that had to wait until a server was surely dead.</summary>
        public long WaitsDeadServer => (long)native.waits_dead_server;

        /// <summary>Loads that had to wait because the store failed.</summary>
        public long WaitsStoreFailure => (long)native.waits_store_failure;

        /// <summary>How long loads waited for living servers, from the first obstacle until they had the record or were given up.</summary>
        public double WaitSecondsLivingServer => native.wait_seconds_living_server;

        /// <summary>How long loads waited until servers were surely dead.</summary>
        public double WaitSecondsDeadServer => native.wait_seconds_dead_server;

        /// <summary>How long loads waited because the store failed.</summary>
        public double WaitSecondsStoreFailure => native.wait_seconds_store_failure;

        /// <summary>The longest wait for a living server.</summary>
        public double LongestWaitSecondsLivingServer => native.longest_wait_seconds_living_server;

        /// <summary>The longest wait until a server was surely dead.</summary>
        public double LongestWaitSecondsDeadServer => native.longest_wait_seconds_dead_server;

        /// <summary>The longest wait because the store failed.</summary>
        public double LongestWaitSecondsStoreFailure => native.longest_wait_seconds_store_failure;

        /// <summary>Writes of sessions that are stored.</summary>
        public long Saves => (long)native.saves;

        /// <summary>How many times unsaved changes became durable.</summary>
        public long SavesTimed => (long)native.saves_timed;

        /// <summary>How long that took together, each from the first unsaved change, as a tick first saw it.</summary>
        public double SaveSeconds => native.save_seconds;

        /// <summary>The longest of them.</summary>
        public double LongestSaveSeconds => native.longest_save_seconds;

        /// <summary>How long the oldest change that is not saved has been waiting.</summary>
        public double OldestUnsavedSeconds => native.oldest_unsaved_seconds;

        /// <summary>Requests sent to stores, signs of life included.</summary>
        public long RequestsSent => (long)native.requests_sent;

        /// <summary>Of those, signs of life.</summary>
        public long RequestsSentBeats => (long)native.requests_sent_beats;

        /// <summary>Of those, for loads, looks at other servers included.</summary>
        public long RequestsSentLoads => (long)native.requests_sent_loads;

        /// <summary>Requests that stores carried out.</summary>
        public long RequestsOk => (long)native.requests_ok;

        /// <summary>Writes that stores refused because something else was stored than expected.</summary>
        public long Conflicts => (long)native.conflicts;

        /// <summary>Requests that ended, in whatever way.</summary>
        public long RequestsTimed => (long)native.requests_timed;

        /// <summary>How long they took together, from sending to the answer or to giving up.</summary>
        public double RequestSeconds => native.request_seconds;

        /// <summary>The longest of them.</summary>
        public double LongestRequestSeconds => native.longest_request_seconds;

        /// <summary>Requests that failed by our mistake: <see cref="TroubleCause.Request"/>.</summary>
        public long ErrorsRequest => (long)native.errors_request;

        /// <summary>Requests that failed by the store's trouble: <see cref="TroubleCause.Store"/>.</summary>
        public long ErrorsStore => (long)native.errors_store;

        /// <summary>Requests of which it cannot be told why they failed: <see cref="TroubleCause.Unknown"/>.</summary>
        public long ErrorsUnknown => (long)native.errors_unknown;

        /// <summary>How many stores are in a critical state.</summary>
        public long StoresCritical => (long)native.stores_critical;

        /// <summary>How often stores have got into a critical state.</summary>
        public long TimesCritical => (long)native.times_critical;

        /// <summary>Requests that stores have not answered.</summary>
        public long RequestsInFlight => (long)native.requests_in_flight;

        /// <summary>Last saves with purchases in them that wait to be sent.</summary>
        public long RequestsQueuedPurchase => (long)native.requests_queued_purchase;

        /// <summary>Other last saves that wait to be sent.</summary>
        public long RequestsQueuedRelease => (long)native.requests_queued_release;

        /// <summary>Saves that somebody waits for that wait to be sent.</summary>
        public long RequestsQueuedForce => (long)native.requests_queued_force;

        /// <summary>Saves in their own time that wait to be sent.</summary>
        public long RequestsQueuedSave => (long)native.requests_queued_save;

        /// <summary>Loads that wait to be sent.</summary>
        public long RequestsQueuedLoad => (long)native.requests_queued_load;

        /// <summary>Lockers of which nothing is held or under way.</summary>
        public long LockersIdle => (long)native.lockers_idle;

        /// <summary>Lockers that are being loaded.</summary>
        public long LockersLoading => (long)native.lockers_loading;

        /// <summary>Lockers whose sessions are surely ours.</summary>
        public long LockersHeld => (long)native.lockers_held;

        /// <summary>Lockers whose sessions are in doubt.</summary>
        public long LockersSuspect => (long)native.lockers_suspect;

        /// <summary>How long all sessions together were held.</summary>
        public double HeldSeconds => native.held_seconds;

        /// <summary>Requests sent for each hour that a session was held; 0 as long as none was.</summary>
        public double RequestsPerPlayerHour => native.requests_per_player_hour;

        /// <summary>Receipts that took effect.</summary>
        public long ReceiptsGranted => (long)native.receipts_granted;

        /// <summary>Receipts that had taken effect before.</summary>
        public long ReceiptsGrantedBefore => (long)native.receipts_granted_before;

        /// <summary>Receipts that became credit.</summary>
        public long ReceiptsCredited => (long)native.receipts_credited;

        /// <summary>Receipts that had become credit before.</summary>
        public long ReceiptsCreditedBefore => (long)native.receipts_credited_before;

        /// <summary>Receipts that were not processed.</summary>
        public long ReceiptsNotProcessed => (long)native.receipts_not_processed;

        /// <summary>Callbacks of yours that failed.</summary>
        public long CallbacksFailed => (long)native.callbacks_failed;

        /// <summary>Events that you have not taken yet.</summary>
        public long EventsQueued => (long)native.events_queued;

        /// <summary>Receipts that are pending.</summary>
        public long ReceiptsPending => (long)native.receipts_pending;

        /// <summary>Receipts that were turned down.</summary>
        public long ReceiptsRejected => (long)native.receipts_rejected;

        /// <summary>Receipts that were taken back.</summary>
        public long ReceiptsRevoked => (long)native.receipts_revoked;

        /// <summary>Receipts of unknown products that were parked.</summary>
        public long ReceiptsParked => (long)native.receipts_parked;
    }

    // What can be asked of an engine as a whole.
    public sealed unsafe partial class Engine
    {
        /// <summary>
        /// How many purchases and uses of credit are not answered yet: at zero a shutdown interrupts none. One that is
        /// interrupted is not processed, and has no effect until the platform sends it again.
        /// </summary>
        public long PurchasesInProgress
        {
            get
            {
                ulong count = 0;
                Failure.Check(Native.slk_engine_purchases_in_progress(Handle, &count));
                return (long)count;
            }
        }

        /// <summary>
        /// How much was asked for on records that are not held and is not answered yet: changes, updates, looks and erasing.
        /// A shutdown waits for them until its deadline.
        /// </summary>
        public long VisitsInProgress
        {
            get
            {
                ulong count = 0;
                Failure.Check(Native.slk_engine_visits_in_progress(Handle, &count));
                return (long)count;
            }
        }

        /// <summary>Tells what was counted. It looks at each locker: call it once in a while, not in each tick.</summary>
        /// <returns>The numbers.</returns>
        public Metrics GetMetrics()
        {
            slk_metrics native;
            Failure.Check(Native.slk_engine_get_metrics(Handle, &native, (nuint)sizeof(slk_metrics)));
            return new Metrics(native);
        }

        /// <summary>
        /// The same by store and spec and with histograms, in Prometheus' text exposition format: serve it under
        /// <c>/metrics</c>. Players' keys are not in it.
        /// </summary>
        /// <returns>The text.</returns>
        public string GetMetricsText()
        {
            slk_engine handle = Handle;
            return NativeText.Read((buffer, capacity, needed) => Native.slk_engine_metrics_text(handle, buffer, capacity, needed));
        }

        /// <summary>Whether so many requests to a store fail that it is in a critical state.</summary>
        /// <param name="store">One of the engine's stores.</param>
        /// <returns>Whether it is; false for a store that no spec of the engine uses.</returns>
        public bool IsStoreCritical(Store store)
        {
            bool isCritical = Native.slk_engine_is_store_critical(Handle, (store ?? throw new ArgumentNullException(nameof(store))).Handle) != 0;
            GC.KeepAlive(store);
            return isCritical;
        }
    }
}
