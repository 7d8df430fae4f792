using System;
using System.Runtime.InteropServices;

namespace SessionLocker
{
    /// <summary>What the callbacks of a spec lead to.</summary>
    internal sealed unsafe class SpecState : CallbackState
    {
        private static readonly slk_default_data DefaultDataDelegate = DefaultData;
        private static readonly slk_before_save BeforeSaveDelegate = BeforeSave;
        private static readonly slk_apply_receipt PurchaseDelegate = Purchase;
        private static readonly slk_validate ValidateDelegate = Validate;
        private static readonly slk_merge_offline MergeDelegate = Merge;
        private static readonly slk_apply_change ChangeDelegate = ApplyChange;
        private static readonly slk_codec_run EncodeDelegate = Encode;
        private static readonly slk_codec_run DecodeDelegate = Decode;
        private static readonly IntPtr DefaultDataPointer = Marshal.GetFunctionPointerForDelegate(DefaultDataDelegate);
        private static readonly IntPtr BeforeSavePointer = Marshal.GetFunctionPointerForDelegate(BeforeSaveDelegate);
        private static readonly IntPtr PurchasePointer = Marshal.GetFunctionPointerForDelegate(PurchaseDelegate);
        private static readonly IntPtr ValidatePointer = Marshal.GetFunctionPointerForDelegate(ValidateDelegate);
        private static readonly IntPtr MergePointer = Marshal.GetFunctionPointerForDelegate(MergeDelegate);
        private static readonly IntPtr ChangePointer = Marshal.GetFunctionPointerForDelegate(ChangeDelegate);
        private static readonly IntPtr EncodePointer = Marshal.GetFunctionPointerForDelegate(EncodeDelegate);
        private static readonly IntPtr DecodePointer = Marshal.GetFunctionPointerForDelegate(DecodeDelegate);

        // Weak, so that a forgotten engine can be found by the garbage collector. While a callback runs it is alive.
        private readonly WeakReference<Engine> engine;
        private readonly SpecOptions options;

        internal SpecState(Engine engine, SpecOptions options)
        {
            this.engine = new WeakReference<Engine>(engine);
            this.options = options;
        }

        internal void SetCallbacks(ref slk_spec_options native)
        {
            if (options.DefaultDataFor != null)
                native.default_data_for = DefaultDataPointer;
            if (options.BeforeSave != null)
                native.before_save = BeforeSavePointer;
            if (options.Validate != null)
                native.validate = ValidatePointer;
            if (options.MergeOffline != null)
                native.merge_offline = MergePointer;
            if (options.ApplyChange != null)
                native.apply_change = ChangePointer;
            SetPurchaseCallbacks(ref native);
            if (options.Codec?.Encode != null)
            {
                native.codec_encode = EncodePointer;
                native.codec_decode = DecodePointer;
            }
            native.destroy = DestroyPointer;
        }

        // One callback serves all steps, which the library names.
        private void SetPurchaseCallbacks(ref slk_spec_options native)
        {
            if (options.ValidatePurchase != null)
                native.validate_receipt = PurchasePointer;
            if (options.ApplyPurchase != null)
                native.apply_receipt = PurchasePointer;
            if (options.RecordPurchase != null)
                native.record_receipt = PurchasePointer;
            if (options.RevokePurchase != null)
                native.revoke_receipt = PurchasePointer;
        }

        private Applied Run(PurchaseInfo purchase, Document draft)
        {
            switch (purchase.Operation)
            {
                case PurchaseOperation.Validate:
                    return options.ValidatePurchase(purchase, draft);
                case PurchaseOperation.Apply:
                    return options.ApplyPurchase(purchase, draft);
                case PurchaseOperation.Revoke:
                    return options.RevokePurchase(purchase, draft);
                default:
                    options.RecordPurchase(purchase, draft);
                    return Applied.Done;
            }
        }

        private Locker Find(slk_locker handle)
        {
            return engine.TryGetTarget(out Engine target) ? target.Find(handle) : null;
        }

        [MonoPInvokeCallback(typeof(slk_default_data))]
        private static int DefaultData(void* userData, byte* key, slk_document draft, slk_error_sink error)
        {
            Document shown = new Document(draft, false);
            try
            {
                From<SpecState>(userData).options.DefaultDataFor(Utf8.Read(key), shown);
                return Native.SLK_OK;
            }
            catch (Exception thrown)
            {
                return Explain(error, thrown);
            }
            finally
            {
                shown.EndLoan();
            }
        }

        [MonoPInvokeCallback(typeof(slk_before_save))]
        private static int BeforeSave(void* userData, slk_save_view* save, slk_document draft, slk_error_sink error)
        {
            Document shown = new Document(draft, false);
            try
            {
                SpecState state = From<SpecState>(userData);
                Locker locker = state.Find(save->locker);
                string key = locker != null ? locker.Key : Utf8.Read(save->key);
                state.options.BeforeSave(new SaveInfo(locker, key, (SaveReason)save->reason), shown);
                return Native.SLK_OK;
            }
            catch (Exception thrown)
            {
                return Explain(error, thrown);
            }
            finally
            {
                shown.EndLoan();
            }
        }

        [MonoPInvokeCallback(typeof(slk_apply_receipt))]
        private static int Purchase(void* userData, slk_receipt_view* receipt, slk_document draft, slk_error_sink error)
        {
            Document shown = new Document(draft, false);
            try
            {
                SpecState state = From<SpecState>(userData);
                PurchaseInfo purchase = new PurchaseInfo(receipt, state.Find(receipt->locker));
                Applied applied = state.Run(purchase, shown);
                if (applied == Applied.Rejected)
                    Say(error, purchase.Reason ?? "");
                return (int)applied;
            }
            catch (Exception thrown)
            {
                return Explain(error, thrown);
            }
            finally
            {
                shown.EndLoan();
            }
        }

        [MonoPInvokeCallback(typeof(slk_validate))]
        private static int Validate(void* userData, slk_data_view* view, slk_document data, slk_error_sink error)
        {
            Document shown = new Document(data, false);
            try
            {
                SpecState state = From<SpecState>(userData);
                string wrong = state.options.Validate(new DataInfo(view, state.Find(view->locker)), shown);
                if (wrong == null)
                    return Native.SLK_OK;
                Say(error, wrong);
                return Native.SLK_E_CALLBACK;
            }
            catch (Exception thrown)
            {
                return Explain(error, thrown);
            }
            finally
            {
                shown.EndLoan();
            }
        }

        [MonoPInvokeCallback(typeof(slk_merge_offline))]
        private static int Merge(
            void* userData, slk_data_view* view, slk_document offline, slk_document draft, slk_error_sink error)
        {
            Document edited = new Document(offline, false);
            Document shown = new Document(draft, false);
            try
            {
                SpecState state = From<SpecState>(userData);
                state.options.MergeOffline(new DataInfo(view, state.Find(view->locker)), edited, shown);
                return Native.SLK_OK;
            }
            catch (Exception thrown)
            {
                return Explain(error, thrown);
            }
            finally
            {
                edited.EndLoan();
                shown.EndLoan();
            }
        }

        [MonoPInvokeCallback(typeof(slk_apply_change))]
        private static int ApplyChange(void* userData, slk_change_view* change, slk_document draft, slk_error_sink error)
        {
            Document shown = new Document(draft, false);
            try
            {
                SpecState state = From<SpecState>(userData);
                return (int)state.options.ApplyChange(new ChangeInfo(change, state.Find(change->locker)), shown);
            }
            catch (Exception thrown)
            {
                return Explain(error, thrown);
            }
            finally
            {
                shown.EndLoan();
            }
        }

        [MonoPInvokeCallback(typeof(slk_codec_run))]
        private static int Encode(void* userData, void* bytes, nuint length, slk_buffer @out, slk_error_sink error)
        {
            return Code(From<SpecState>(userData).options.Codec.Encode, bytes, length, @out, error);
        }

        [MonoPInvokeCallback(typeof(slk_codec_run))]
        private static int Decode(void* userData, void* bytes, nuint length, slk_buffer @out, slk_error_sink error)
        {
            return Code(From<SpecState>(userData).options.Codec.Decode, bytes, length, @out, error);
        }

        private static int Code(CodecCallback run, void* bytes, nuint length, slk_buffer buffer, slk_error_sink error)
        {
            CodecOutput output = new CodecOutput(buffer);
            try
            {
                run(new ReadOnlySpan<byte>(bytes, (int)length), output);
                return Native.SLK_OK;
            }
            catch (Exception thrown)
            {
                return Explain(error, thrown);
            }
            finally
            {
                output.EndLoan();
            }
        }
    }
}
