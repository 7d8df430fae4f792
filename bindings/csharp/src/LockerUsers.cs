using System.Collections.Generic;

namespace SessionLocker
{
    // The people whom a record's data are about.
    public sealed unsafe partial class Locker
    {
        /// <summary>
        /// Says that the record's data are about this person, so that they are found when the person's data are to be
        /// exported or erased.
        /// </summary>
        /// <param name="userId">The person's id.</param>
        /// <returns>The change, or the last one if the id was there already.</returns>
        public Change AddUser(string userId)
        {
            using Utf8 text = new Utf8(userId, stackalloc byte[Utf8.OnStack], nameof(userId));
            ulong change = 0;
            fixed (byte* bytes = text)
                Failure.Check(Native.slk_locker_add_user(Handle, bytes, &change));
            return new Change(change);
        }

        /// <summary>Says that the record's data are no longer about this person.</summary>
        /// <param name="userId">The person's id.</param>
        /// <returns>Whether they were.</returns>
        public bool RemoveUser(string userId)
        {
            return RemoveUser(userId, out _);
        }

        /// <summary>Says that the record's data are no longer about this person.</summary>
        /// <param name="userId">The person's id.</param>
        /// <param name="change">The change.</param>
        /// <returns>Whether they were.</returns>
        public bool RemoveUser(string userId, out Change change)
        {
            using Utf8 text = new Utf8(userId, stackalloc byte[Utf8.OnStack], nameof(userId));
            ulong number = 0;
            int result;
            fixed (byte* bytes = text)
                result = Native.slk_locker_remove_user(Handle, bytes, &number);
            if (result != Native.SLK_EMPTY)
                Failure.Check(result);
            change = new Change(number);
            return result != Native.SLK_EMPTY;
        }

        /// <summary>The ids of the people whom the record's data are about.</summary>
        /// <returns>The ids, sorted.</returns>
        public IReadOnlyList<string> GetUsers()
        {
            slk_locker handle = Handle;
            string json = NativeText.Read((buffer, capacity, needed) => Native.slk_locker_get_users(handle, buffer, capacity, needed));
            using Document all = Document.FromJson(json);
            string[] users = new string[all.GetLength("")];
            for (int at = 0; at < users.Length; at++)
                users[at] = all.GetString("/" + at);
            return users;
        }
    }
}
