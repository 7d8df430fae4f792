using System;
using System.Collections.Generic;

namespace SessionLocker
{
    /// <summary>Does one step with a purchase on a player's data. An exception: the platform is to send the receipt again.</summary>
    /// <typeparam name="T">The type of the data.</typeparam>
    /// <param name="data">The data, to be changed in place. If it is not applied, they are as before.</param>
    /// <param name="purchase">What was bought.</param>
    /// <returns>What was done with it.</returns>
    public delegate Applied ApplyToDataCallback<T>(T data, PurchaseInfo purchase);

    /// <summary>Applies a change that somebody sent. An exception: it is tried again in the player's next session.</summary>
    /// <typeparam name="T">The type of the data.</typeparam>
    /// <param name="data">The data, to be changed in place. If it fails, they are as before.</param>
    /// <param name="change">What was sent.</param>
    public delegate void ApplyChangeToDataCallback<T>(T data, ChangeInfo change);

    /// <summary>
    /// The callbacks of the spec behind profiles. Without the profiles themselves, because what callbacks refer to is not
    /// collected.
    /// </summary>
    /// <typeparam name="T">The type of the data.</typeparam>
    internal sealed class ProfileCallbacks<T>
        where T : class
    {
        private readonly IDataSerializer<T> serializer;
        private readonly IReadOnlyDictionary<string, ApplyChangeToDataCallback<T>> handlers;

        private ProfileCallbacks(ProfileOptions<T> options)
        {
            serializer = options.Serializer;
            handlers = new Dictionary<string, ApplyChangeToDataCallback<T>>(options.ChangeHandlers);
        }

        internal static SpecOptions SpecOptionsFor(Store store, ProfileOptions<T> options)
        {
            ProfileCallbacks<T> callbacks = new ProfileCallbacks<T>(options);
            Func<string, T> createDefault = options.CreateDefault;
            SpecOptions spec = new SpecOptions
            {
                Name = options.Name,
                Store = store,
                SchemaVersion = options.SchemaVersion,
                Migrations = options.Migrations,
                Autosave = options.Autosave,
                DefaultDataFor = (key, draft) => draft.Set("", createDefault(key), callbacks.serializer),
                BeforeSave = (save, draft) => (save.Locker?.Tag as Profile<T>)?.WriteTo(draft),
                ValidatePurchase = callbacks.ForPurchase(options.ValidatePurchase, false),
                ApplyPurchase = callbacks.ForPurchase(options.ApplyPurchase, true),
                RevokePurchase = callbacks.ForPurchase(options.RevokePurchase, true),
                ApplyChange = callbacks.handlers.Count == 0 ? (ApplyChangeCallback)null : callbacks.ApplyChange,
            };
            options.Spec?.Invoke(spec);
            return spec;
        }

        private ApplyPurchaseCallback ForPurchase(ApplyToDataCallback<T> callback, bool keepsEdits)
        {
            if (callback == null)
                return null;
            return (purchase, draft) => Work(purchase.Locker, draft, keepsEdits, data => callback(data, purchase));
        }

        private Applied ApplyChange(ChangeInfo change, Document draft)
        {
            if (!handlers.TryGetValue(change.Kind, out ApplyChangeToDataCallback<T> handler))
                return Applied.NotApplicable;
            return Work(change.Locker, draft, true, data =>
            {
                handler(data, change);
                return Applied.Done;
            });
        }

        /// <summary>
        /// Works on the object that the game knows, if the player is in the game; else, as while the record is being loaded,
        /// on one that is made for it.
        /// </summary>
        private Applied Work(Locker locker, Document draft, bool keepsEdits, Func<T, Applied> work)
        {
            if (locker?.Tag is Profile<T> profile && profile.IsStarted)
                return profile.Work(draft, keepsEdits, work);
            T data = draft.Get("", serializer);
            Applied applied = work(data);
            if (applied == Applied.Done && keepsEdits)
                draft.Set("", data, serializer);
            return applied;
        }
    }
}
