using System;
using System.Runtime.InteropServices;
using System.Text;

namespace SessionLocker
{
    /// <summary>
    /// Tells compilers that work ahead of time, by its name, that native code calls the method. They need no more than
    /// that name, so that Unity's own attribute is not needed.
    /// </summary>
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class MonoPInvokeCallbackAttribute : Attribute
    {
        internal MonoPInvokeCallbackAttribute(Type type)
        {
            Type = type;
        }

        internal Type Type { get; }
    }

    /// <summary>
    /// An object of ours that native callbacks find by their <c>user_data</c>. It is kept alive until the library says
    /// that no callback follows. It must not lead to the owner of the native object, or a forgotten owner would never
    /// be found by the garbage collector.
    /// </summary>
    internal abstract unsafe class CallbackState
    {
        private static readonly slk_destroy DestroyDelegate = Destroy;

        /// <summary>For the <c>destroy</c> of options.</summary>
        internal static readonly IntPtr DestroyPointer = Marshal.GetFunctionPointerForDelegate(DestroyDelegate);

        private GCHandle root;

        /// <summary>Makes it findable.</summary>
        internal void* Enroot()
        {
            root = GCHandle.Alloc(this);
            SessionLockerLibrary.AddRoot();
            return (void*)GCHandle.ToIntPtr(root);
        }

        /// <summary>Undoes <see cref="Enroot"/>, where the library did not take the pointer.</summary>
        internal void Uproot()
        {
            root.Free();
            SessionLockerLibrary.RemoveRoot();
        }

        internal static T From<T>(void* userData)
            where T : CallbackState
        {
            return (T)GCHandle.FromIntPtr((IntPtr)userData).Target;
        }

        /// <summary>No callback follows.</summary>
        private protected virtual void Ended()
        {
        }

        /// <summary>Hands the words of an exception to the library, cut to what it takes.</summary>
        internal static int Explain(slk_error_sink sink, Exception error)
        {
            Say(sink, TextOf(error));
            return Native.SLK_E_CALLBACK;
        }

        /// <summary>
        /// What an exception of the game says. Its text may be the game's own code, and what that throws must not leave a
        /// callback either.
        /// </summary>
        internal static string TextOf(Exception error)
        {
            string name = error.GetType().FullName;
            try
            {
                string text = error.ToString();
                return string.IsNullOrEmpty(text) ? name : text;
            }
            catch (Exception second)
            {
                return name + ", which has no text: " + second.GetType().FullName + " was thrown instead";
            }
        }

        /// <summary>Hands words to the library, cut to what it takes.</summary>
        internal static void Say(slk_error_sink sink, string words)
        {
            byte* text = stackalloc byte[Native.SLK_MAX_TEXT_BYTES];
            WriteCut(words, text, Native.SLK_MAX_TEXT_BYTES);
            Native.slk_error_sink_set(sink, text);
        }

        /// <summary>Writes what fits, with a NUL; never half a character.</summary>
        internal static void WriteCut(string text, byte* buffer, int capacity)
        {
            int length = Math.Min(text.Length, capacity - 1);
            while (Encoding.UTF8.GetByteCount(text.ToCharArray(0, length)) > capacity - 1)
                length -= Math.Max(1, length / 16);
            if (length > 0 && char.IsHighSurrogate(text[length - 1]))
                length--;
            // By way of an array: compilers pin a text by a function that Mono's library does not have.
            byte[] bytes = Encoding.UTF8.GetBytes(text.Substring(0, length));
            for (int at = 0; at < bytes.Length; at++)
                buffer[at] = bytes[at] == 0 ? (byte)' ' : bytes[at];
            buffer[bytes.Length] = 0;
        }

        [MonoPInvokeCallback(typeof(slk_destroy))]
        private static void Destroy(void* userData)
        {
            CallbackState state = From<CallbackState>(userData);
            state.Uproot();
            try
            {
                state.Ended();
            }
            catch (Exception error)
            {
                SessionLockerLibrary.Report(error);
            }
        }
    }
}
