using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace SessionLocker
{
    /// <summary>What the callbacks of a store made in C# lead to.</summary>
    internal abstract unsafe class StoreState : CallbackState
    {
        private static readonly slk_store_call GetDelegate = Get;
        private static readonly slk_store_call PutDelegate = Put;
        private static readonly slk_store_call RemoveDelegate = Remove;
        private static readonly slk_store_call ListDelegate = List;
        private static readonly slk_store_cancel CancelDelegate = Cancel;
        private static readonly IntPtr GetPointer = Marshal.GetFunctionPointerForDelegate(GetDelegate);
        private static readonly IntPtr PutPointer = Marshal.GetFunctionPointerForDelegate(PutDelegate);
        private static readonly IntPtr RemovePointer = Marshal.GetFunctionPointerForDelegate(RemoveDelegate);
        private static readonly IntPtr ListPointer = Marshal.GetFunctionPointerForDelegate(ListDelegate);
        private static readonly IntPtr CancelPointer = Marshal.GetFunctionPointerForDelegate(CancelDelegate);

        private protected StoreState(object store)
        {
            Store = store;
        }

        private protected object Store { get; }

        internal void SetCallbacks(ref slk_store_callbacks callbacks)
        {
            callbacks.get = GetPointer;
            callbacks.put = PutPointer;
            callbacks.remove = RemovePointer;
            callbacks.cancel = CancelPointer;
            callbacks.destroy = DestroyPointer;
            if (Store is IListingStore || Store is IAsyncListingStore)
                callbacks.list = ListPointer;
        }

        private protected abstract void CarryOut(slk_request request, slk_request_view* view);

        private protected virtual void CancelRequest(slk_request request)
        {
        }

        private protected override void Ended()
        {
            (Store as IDisposable)?.Dispose();
        }

        private protected static void Complete(slk_request request, in StoreAnswer answer)
        {
            int result = Send(request, answer);
            // A request that was given up needs no answer, and one too many is no harm.
            if (result < 0 && result != Native.SLK_E_LATE && result != Native.SLK_E_INVALID_HANDLE)
                SessionLockerLibrary.Report(Failure.Of(result));
        }

        private protected static void CompleteWith(slk_request request, Exception error)
        {
            Complete(request, StoreAnswer.UnknownOutcome(TextOf(error)));
        }

        private static int Send(slk_request request, in StoreAnswer answer)
        {
            fixed (byte* value = &MemoryMarshal.GetReference(answer.Value.Span))
            fixed (byte* version = &MemoryMarshal.GetReference(answer.Version.Span))
            {
                nuint versionLength = (nuint)answer.Version.Length;
                switch (answer.Kind)
                {
                    case StoreAnswer.AnswerKind.Found:
                        return Native.slk_request_complete_found(request, value, (nuint)answer.Value.Length, version, versionLength);
                    case StoreAnswer.AnswerKind.Missing:
                        return Native.slk_request_complete_missing(request);
                    case StoreAnswer.AnswerKind.Written:
                        return Native.slk_request_complete_written(request, version, versionLength);
                    case StoreAnswer.AnswerKind.Removed:
                        return Native.slk_request_complete_removed(request);
                    case StoreAnswer.AnswerKind.Conflict:
                        return Native.slk_request_complete_conflict(request);
                    case StoreAnswer.AnswerKind.Keys:
                    case StoreAnswer.AnswerKind.HasMore:
                        return SendKeys(request, value, answer.Value.Length, answer.Kind == StoreAnswer.AnswerKind.HasMore);
                    case StoreAnswer.AnswerKind.Failed:
                        return SendFailure(request, (int)answer.Result, answer.Text ?? "");
                    default:
                        return SendFailure(request, Native.SLK_E_UNKNOWN_OUTCOME, "the store returned an answer that it did not make");
                }
            }
        }

        /// <summary>The names stand one behind the other, each with its NUL.</summary>
        private static int SendKeys(slk_request request, byte* names, int length, bool hasMore)
        {
            List<IntPtr> starts = new List<IntPtr>();
            for (int at = 0, start = 0; at < length; at++)
            {
                if (names[at] != 0)
                    continue;
                starts.Add((IntPtr)(names + start));
                start = at + 1;
            }
            IntPtr[] pointers = starts.ToArray();
            fixed (IntPtr* first = pointers)
                return Native.slk_request_complete_keys(request, (byte**)first, (nuint)pointers.Length, hasMore ? 1 : 0);
        }

        private static int SendFailure(slk_request request, int result, string words)
        {
            byte* text = stackalloc byte[Native.SLK_MAX_TEXT_BYTES];
            WriteCut(words, text, Native.SLK_MAX_TEXT_BYTES);
            return Native.slk_request_complete_failed(request, result, text);
        }

        private static void Call(void* userData, slk_request request, slk_request_view* view)
        {
            try
            {
                From<StoreState>(userData).CarryOut(request, view);
            }
            catch (Exception error)
            {
                CompleteWith(request, error);
            }
        }

        [MonoPInvokeCallback(typeof(slk_store_call))]
        private static void Get(void* userData, slk_request request, slk_request_view* view)
        {
            Call(userData, request, view);
        }

        [MonoPInvokeCallback(typeof(slk_store_call))]
        private static void Put(void* userData, slk_request request, slk_request_view* view)
        {
            Call(userData, request, view);
        }

        [MonoPInvokeCallback(typeof(slk_store_call))]
        private static void Remove(void* userData, slk_request request, slk_request_view* view)
        {
            Call(userData, request, view);
        }

        [MonoPInvokeCallback(typeof(slk_store_call))]
        private static void List(void* userData, slk_request request, slk_request_view* view)
        {
            Call(userData, request, view);
        }

        [MonoPInvokeCallback(typeof(slk_store_cancel))]
        private static void Cancel(void* userData, slk_request request)
        {
            try
            {
                From<StoreState>(userData).CancelRequest(request);
            }
            catch (Exception error)
            {
                SessionLockerLibrary.Report(error);
            }
        }
    }

    /// <summary>A store whose calls do the work.</summary>
    internal sealed unsafe class BlockingStoreState : StoreState
    {
        private readonly IBlockingStore store;

        internal BlockingStoreState(IBlockingStore store)
            : base(store)
        {
            this.store = store;
        }

        private protected override void CarryOut(slk_request request, slk_request_view* view)
        {
            StoreRequest shown = new StoreRequest(view);
            switch (view->kind)
            {
                case Native.SLK_REQUEST_GET:
                    Complete(request, store.Get(shown));
                    break;
                case Native.SLK_REQUEST_PUT:
                    Complete(request, store.Put(shown));
                    break;
                case Native.SLK_REQUEST_LIST:
                    Complete(request, ((IListingStore)store).List(shown));
                    break;
                default:
                    Complete(request, store.Remove(shown));
                    break;
            }
        }
    }

    /// <summary>A store whose calls start the work.</summary>
    internal sealed unsafe class AsyncStoreState : StoreState
    {
        private readonly IAsyncStore store;
        private readonly ConcurrentDictionary<ulong, CancellationTokenSource> underWay = new ConcurrentDictionary<ulong, CancellationTokenSource>();

        internal AsyncStoreState(IAsyncStore store)
            : base(store)
        {
            this.store = store;
        }

        private protected override void CarryOut(slk_request request, slk_request_view* view)
        {
            CancellationTokenSource cancellation = new CancellationTokenSource();
            underWay[request.id] = cancellation;
            Task<StoreAnswer> task;
            try
            {
                task = Start(view, cancellation.Token);
            }
            catch (Exception error)
            {
                End(request);
                CompleteWith(request, error);
                return;
            }
            if (task.IsCompleted)
                Answer(request, task);
            else
                task.ContinueWith(done => Answer(request, done), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        private protected override void CancelRequest(slk_request request)
        {
            if (underWay.TryGetValue(request.id, out CancellationTokenSource cancellation))
                cancellation.Cancel();
        }

        private Task<StoreAnswer> Start(slk_request_view* view, CancellationToken cancellation)
        {
            AsyncStoreRequest copy = new AsyncStoreRequest(view);
            switch (view->kind)
            {
                case Native.SLK_REQUEST_GET:
                    return store.GetAsync(copy, cancellation);
                case Native.SLK_REQUEST_PUT:
                    return store.PutAsync(copy, cancellation);
                case Native.SLK_REQUEST_LIST:
                    return ((IAsyncListingStore)store).ListAsync(copy, cancellation);
                default:
                    return store.RemoveAsync(copy, cancellation);
            }
        }

        private void Answer(slk_request request, Task<StoreAnswer> task)
        {
            End(request);
            if (task.Status == TaskStatus.RanToCompletion)
                Complete(request, task.Result);
            else if (task.IsCanceled)
                Complete(request, StoreAnswer.UnknownOutcome("the store's task was cancelled"));
            else
                CompleteWith(request, task.Exception.InnerException ?? task.Exception);
        }

        // Not disposed: a cancellation that comes at this very moment may still use it, and without timers it holds
        // nothing that the garbage collector would not find.
        private void End(slk_request request)
        {
            underWay.TryRemove(request.id, out _);
        }
    }
}
