using System;

namespace SessionLocker
{
    /// <summary>How a call of the library ended: 0 is success, below 0 are errors, above 0 are states that are neither.</summary>
    public enum Result
    {
        /// <summary>Done.</summary>
        Ok = Native.SLK_OK,

        /// <summary>There is nothing there: no event, no value at this pointer.</summary>
        Empty = Native.SLK_EMPTY,

        /// <summary>A callback has the locker's data just now; try again in the next tick.</summary>
        Busy = Native.SLK_BUSY,

        /// <summary>The locker has nothing to do.</summary>
        Idle = Native.SLK_IDLE,

        /// <summary>Not decided yet.</summary>
        Pending = Native.SLK_PENDING,

        /// <summary>The change is durable in the store.</summary>
        Saved = Native.SLK_SAVED,

        /// <summary>The change is surely not in the store and never will be.</summary>
        Lost = Native.SLK_LOST,

        /// <summary>Whether the change is in the store cannot be known.</summary>
        Unknown = Native.SLK_UNKNOWN,

        /// <summary>A callback's answer: this cannot be applied now; give credit for it instead.</summary>
        NotApplicable = Native.SLK_NOT_APPLICABLE,

        /// <summary>A callback's answer: the answer will be given later.</summary>
        Deferred = Native.SLK_DEFERRED,

        /// <summary>The key was not as expected, and nothing was written.</summary>
        Conflict = Native.SLK_CONFLICT,

        /// <summary>The purchase is in the player's data, durably.</summary>
        Granted = Native.SLK_GRANTED,

        /// <summary>The purchase could not be applied; the player has credit for it, durably.</summary>
        Credited = Native.SLK_CREDITED,

        /// <summary>The receipt had no effect yet. Let the platform deliver it again.</summary>
        NotProcessed = Native.SLK_NOT_PROCESSED,

        /// <summary>The product of the purchase is not known to this version of the game; it is kept until one knows it.</summary>
        Parked = Native.SLK_PARKED,

        /// <summary>The purchase was turned down, durably; nothing was granted.</summary>
        Rejected = Native.SLK_REJECTED,

        /// <summary>The purchase was paid back and taken back, or became a debt, durably.</summary>
        Revoked = Native.SLK_REVOKED,

        /// <summary>A callback's answer: this version of the game does not know the product.</summary>
        UnknownProduct = Native.SLK_UNKNOWN_PRODUCT,

        /// <summary>Another server holds the record.</summary>
        LockedElsewhere = Native.SLK_LOCKED_ELSEWHERE,

        /// <summary>The record is there, and cannot be read or worked with here.</summary>
        Unreadable = Native.SLK_UNREADABLE,

        /// <summary>An argument is missing, outside its range, or makes no sense beside another.</summary>
        InvalidArgument = Native.SLK_E_INVALID_ARGUMENT,

        /// <summary>The object was ended already.</summary>
        InvalidHandle = Native.SLK_E_INVALID_HANDLE,

        /// <summary>A string is not UTF-8.</summary>
        InvalidUtf8 = Native.SLK_E_INVALID_UTF8,

        /// <summary>A string, key or value is longer, or nested deeper, than allowed.</summary>
        TooLong = Native.SLK_E_TOO_LONG,

        /// <summary>A text is not JSON.</summary>
        InvalidJson = Native.SLK_E_INVALID_JSON,

        /// <summary>A text is not a JSON Pointer (RFC 6901), or what it names cannot be set because its parent is missing.</summary>
        InvalidPointer = Native.SLK_E_INVALID_POINTER,

        /// <summary>The value is of another type than asked for.</summary>
        WrongType = Native.SLK_E_WRONG_TYPE,

        /// <summary>The number does not fit.</summary>
        OutOfRange = Native.SLK_E_OUT_OF_RANGE,

        /// <summary>The locker has no data that may be changed now: not loaded yet, releasing, or lost.</summary>
        NotLoaded = Native.SLK_E_NOT_LOADED,

        /// <summary>Another thread is inside a call that excludes this one.</summary>
        BusyElsewhere = Native.SLK_E_BUSY,

        /// <summary>The call is not allowed inside a callback.</summary>
        Reentrant = Native.SLK_E_REENTRANT,

        /// <summary>A bug in the library was caught. The object can no longer be used, except to dispose it.</summary>
        Panic = Native.SLK_E_PANIC,

        /// <summary>The store failed.</summary>
        Store = Native.SLK_E_STORE,

        /// <summary>The file is not a database, or not one of this library.</summary>
        NotADatabase = Native.SLK_E_NOT_A_DATABASE,

        /// <summary>The store, or this build of the library, lacks an ability that is needed.</summary>
        Unsupported = Native.SLK_E_UNSUPPORTED,

        /// <summary>Something of that name exists already, with other settings.</summary>
        Exists = Native.SLK_E_EXISTS,

        /// <summary>The engine is shutting down.</summary>
        ShuttingDown = Native.SLK_E_SHUTTING_DOWN,

        /// <summary>The locker was deleted.</summary>
        Deleted = Native.SLK_E_DELETED,

        /// <summary>Memory could not be reserved.</summary>
        OutOfMemory = Native.SLK_E_OUT_OF_MEMORY,

        /// <summary>A callback of yours refused or failed.</summary>
        Callback = Native.SLK_E_CALLBACK,

        /// <summary>A buffer is too small.</summary>
        BufferTooSmall = Native.SLK_E_BUFFER_TOO_SMALL,

        /// <summary>This binding does not fit the library.</summary>
        Abi = Native.SLK_E_ABI,

        /// <summary>A struct has a size that the library does not know.</summary>
        StructSize = Native.SLK_E_STRUCT_SIZE,

        /// <summary>A store's answer: the request may have been carried out, or may yet be.</summary>
        UnknownOutcome = Native.SLK_E_UNKNOWN_OUTCOME,

        /// <summary>A store's answer: the request was surely not carried out and will not be.</summary>
        NotApplied = Native.SLK_E_NOT_APPLIED,

        /// <summary>A store's answer came after the request was given up.</summary>
        Late = Native.SLK_E_LATE,

        /// <summary>There is no room for more.</summary>
        Full = Native.SLK_E_FULL,

        /// <summary>The store that was checked breaks a promise.</summary>
        BrokenStore = Native.SLK_E_BROKEN_STORE,
    }

    /// <summary>A call of the library did not do what was asked.</summary>
    public sealed class SessionLockerException : Exception
    {
        /// <summary>Makes one.</summary>
        /// <param name="result">How the call ended.</param>
        /// <param name="message">What went wrong, in words.</param>
        public SessionLockerException(Result result, string message)
            : base(message)
        {
            Result = result;
        }

        /// <summary>How the call ended.</summary>
        public Result Result { get; }
    }

    /// <summary>Turns results into exceptions.</summary>
    internal static unsafe class Failure
    {
        /// <summary>Throws unless the result is 0.</summary>
        internal static void Check(int result)
        {
            if (result != Native.SLK_OK)
                throw Of(result);
        }

        /// <summary>The exception for a result of the call that this thread has just made.</summary>
        internal static SessionLockerException Of(int result)
        {
            string name = Utf8.Read(Native.slk_result_name(result));
            // States above 0 are no failures of the call, so the text would be that of an earlier one; except for BUSY.
            string text = result < 0 || result == Native.SLK_BUSY ? LastError() : "";
            return new SessionLockerException((Result)result, text.Length == 0 ? name : name + ": " + text);
        }

        private static string LastError()
        {
            byte* buffer = stackalloc byte[Native.SLK_MAX_TEXT_BYTES];
            nuint needed = 0;
            // A text that is cut says more than none.
            Native.slk_last_error(buffer, Native.SLK_MAX_TEXT_BYTES, &needed);
            return Utf8.Read(buffer);
        }
    }
}
