using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading.Tasks;

namespace SessionLocker
{
    /// <summary>Continuations that wait for the next tick.</summary>
    internal sealed class TickQueue
    {
        private readonly object sync = new object();
        private List<Action> waiting = new List<Action>();
        private List<Action> spare = new List<Action>();

        internal void Add(Action action)
        {
            lock (sync)
                waiting.Add(action);
        }

        /// <summary>Runs what waits now; what is added meanwhile waits for the next time.</summary>
        internal void Run(Action<Exception> failed)
        {
            List<Action> now;
            lock (sync)
            {
                if (waiting.Count == 0)
                    return;
                now = waiting;
                waiting = spare;
                // Whoever comes in here during the run gets a list of its own.
                spare = new List<Action>();
            }
            foreach (Action action in now)
                TickTask.RunOne(action, failed);
            now.Clear();
            lock (sync)
                spare = now;
        }
    }

    /// <summary>
    /// Something that a later tick will finish. <c>await</c> goes on inside <see cref="Engine.Tick"/>, on the thread that
    /// ticks, whatever synchronization context or task scheduler there is: so the code after it may use the game's state
    /// as the game loop does. Awaiting what is done already goes on at once. It must not be waited for by blocking the
    /// thread that ticks.
    /// </summary>
    public class TickTask : INotifyCompletion
    {
        private readonly TickQueue queue;
        private readonly object sync = new object();
        private Action first;
        private List<Action> more;
        private volatile bool isCompleted;
        private ExceptionDispatchInfo error;

        internal TickTask(TickQueue queue)
        {
            this.queue = queue;
        }

        /// <summary>Whether it is done, or has failed.</summary>
        public bool IsCompleted => isCompleted;

        /// <summary>What went wrong; null if nothing did.</summary>
        public Exception Error => isCompleted ? error?.SourceException : null;

        /// <summary>For <c>await</c>.</summary>
        /// <returns>This.</returns>
        public TickTask GetAwaiter()
        {
            return this;
        }

        /// <summary>For <c>await</c>: throws what went wrong.</summary>
        public void GetResult()
        {
            if (!isCompleted)
                throw new InvalidOperationException("not done yet: await it instead of blocking the thread that ticks");
            error?.Throw();
        }

        /// <summary>For <c>await</c>: has the action run inside the tick that finishes this.</summary>
        /// <param name="continuation">The action.</param>
        public void OnCompleted(Action continuation)
        {
            lock (sync)
            {
                if (!isCompleted)
                {
                    if (first == null)
                        first = continuation;
                    else
                        (more = more ?? new List<Action>()).Add(continuation);
                    return;
                }
            }
            // It was finished between the question and now, perhaps by another thread: the next tick goes on.
            queue.Add(continuation);
        }

        /// <summary>
        /// The same as a <see cref="Task"/>, for <see cref="Task.WhenAll(Task[])"/> and the like. Awaiting that one goes
        /// on inside the tick too, unless a synchronization context or task scheduler was captured.
        /// </summary>
        /// <returns>The task.</returns>
        public Task AsTask()
        {
            TaskCompletionSource<bool> source = new TaskCompletionSource<bool>();
            WhenDone(() => Finish(source, true));
            return source.Task;
        }

        /// <summary>Finishes it; must be called inside a tick, or where the engine ends.</summary>
        internal void Complete(Exception failure, Action<Exception> continuationFailed)
        {
            Action one;
            List<Action> others;
            lock (sync)
            {
                if (isCompleted)
                    return;
                error = failure == null ? null : ExceptionDispatchInfo.Capture(failure);
                isCompleted = true;
                one = first;
                others = more;
                first = null;
                more = null;
            }
            if (one != null)
                RunOne(one, continuationFailed);
            if (others == null)
                return;
            foreach (Action other in others)
                RunOne(other, continuationFailed);
        }

        /// <summary>Runs an action whose failure must not stop the rest.</summary>
        internal static void RunOne(Action action, Action<Exception> failed)
        {
            try
            {
                action();
            }
            catch (Exception error)
            {
                failed(error);
            }
        }

        private protected void WhenDone(Action action)
        {
            if (isCompleted)
                action();
            else
                OnCompleted(action);
        }

        private protected void Finish<T>(TaskCompletionSource<T> source, T value)
        {
            if (error == null)
                source.SetResult(value);
            else if (error.SourceException is OperationCanceledException)
                source.SetCanceled();
            else
                source.SetException(error.SourceException);
        }
    }

    /// <summary>A <see cref="TickTask"/> with a result.</summary>
    /// <typeparam name="T">The type of the result.</typeparam>
    public sealed class TickTask<T> : TickTask
    {
        private T value;

        internal TickTask(TickQueue queue)
            : base(queue)
        {
        }

        /// <summary>For <c>await</c>.</summary>
        /// <returns>This.</returns>
        public new TickTask<T> GetAwaiter()
        {
            return this;
        }

        /// <summary>For <c>await</c>: the result, or throws what went wrong.</summary>
        /// <returns>The result.</returns>
        public new T GetResult()
        {
            base.GetResult();
            return value;
        }

        /// <summary>The same as a <see cref="Task"/>; see <see cref="TickTask.AsTask"/>.</summary>
        /// <returns>The task.</returns>
        public new Task<T> AsTask()
        {
            TaskCompletionSource<T> source = new TaskCompletionSource<T>();
            WhenDone(() => Finish(source, value));
            return source.Task;
        }

        internal void Complete(T result, Action<Exception> continuationFailed)
        {
            if (!IsCompleted)
                value = result;
            Complete((Exception)null, continuationFailed);
        }
    }
}
