using System;
using System.Text;

namespace SessionLocker.Tests
{
    internal static class DataTests
    {
        internal static void Run()
        {
            Program.Test("values come back as they were set", ValuesComeBack);
            Program.Test("texts of any length and alphabet come back", TextsComeBack);
            Program.Test("what cannot be done says why", FailuresSayWhy);
            Program.Test("opaque bytes come back", BytesComeBack);
            Program.Test("objects of the game are read and written", ObjectsComeBack);
            Program.Test("a disposed document says so", DisposedSaysSo);
            Program.Test("a forgotten document is collected", ForgottenIsCollected);
        }

        private static void ValuesComeBack()
        {
            using (Document document = Document.FromJson("{}"))
            {
                document.SetInt64("/whole", long.MinValue);
                document.SetDouble("/real", 0.1);
                document.SetBoolean("/yes", true);
                document.SetNull("/nothing");
                document.SetJson("/list", "[1,{\"a\":2}]");
                document.AppendJson("/list", "\"end\"");
                document.AddInt64("/count", 5);
                document.AddInt64("/count", -7);
                document.AddDouble("/real", 0.5);
                Check.Same(long.MinValue, document.GetInt64("/whole"));
                Check.Same(0.6, document.GetDouble("/real"));
                Check.Same(true, document.GetBoolean("/yes"));
                Check.Same(-2L, document.GetInt64("/count"));
                Check.Same(ValueKind.Null, document.GetKind("/nothing"));
                Check.Same(ValueKind.Array, document.GetKind("/list"));
                Check.Same(ValueKind.Missing, document.GetKind("/none"));
                Check.Same(3, document.GetLength("/list"));
                Check.Same("[1,{\"a\":2},\"end\"]", document.GetJson("/list"));
                Check.Same("whole,real,yes,nothing,list,count", string.Join(",", document.GetKeys("")));
                Check.That(document.Remove("/list/0"), "there was an element");
                Check.That(!document.Remove("/none"), "there was none");
                Check.Same("end", document.GetString("/list/1"));
                Check.That(!document.TryGetInt64("/none", out long none) && none == 0, "a missing value is told");
            }
        }

        private static void TextsComeBack()
        {
            using (Document document = Document.FromJson("{}"))
            {
                string[] texts = { "", "plain", "ä€\U0001F600 with a NUL \0 inside", new string('x', 255), new string('ß', 5000), new string('\u4e16', 300000) };
                foreach (string text in texts)
                {
                    document.SetString("/text", text);
                    Check.Same(text, document.GetString("/text"));
                    string key = "k" + text.Replace("\0", "").Substring(0, Math.Min(200, text.Replace("\0", "").Length));
                    document.SetJson("", "{}");
                    document.SetInt64("/" + key, 1);
                    Check.Same(key, document.GetKeys("")[0]);
                    Check.Same(1L, document.GetInt64("/" + key));
                }
            }
        }

        private static void FailuresSayWhy()
        {
            using (Document document = Document.FromJson("{\"a\":\"text\",\"n\":9223372036854775807}"))
            {
                Check.Fails(Result.WrongType, () => document.GetInt64("/a"));
                Check.Fails(Result.Empty, () => document.GetInt64("/b"));
                Check.Fails(Result.InvalidPointer, () => document.GetInt64("b"));
                Check.Fails(Result.InvalidPointer, () => document.SetInt64("/b/c", 1));
                Check.Fails(Result.OutOfRange, () => document.AddInt64("/n", 1));
                Check.Fails(Result.InvalidJson, () => document.SetJson("/b", "{"));
                Check.Fails(Result.InvalidJson, () => document.SetJson("/b", ReadOnlySpan<byte>.Empty));
                Check.Fails(Result.InvalidJson, () => Document.FromJson(""));
                string text = Check.Throws<SessionLockerException>(() => document.GetInt64("/a")).Message;
                Check.That(text.Contains("SLK_E_WRONG_TYPE") && text.Contains("/a"), text);
                Check.Throws<ArgumentNullException>(() => document.GetInt64(null));
                Check.Throws<ArgumentNullException>(() => document.SetString("/a", null));
                Check.Throws<ArgumentException>(() => document.GetInt64("/\0"));
                Check.Throws<ArgumentException>(() => document.SetString("/a", "half a pair \ud800"));
                Check.Same("text", document.GetString("/a"), "nothing was changed");
            }
        }

        private static void BytesComeBack()
        {
            byte[] bytes = new byte[100000];
            new Random(7).NextBytes(bytes);
            using (Document document = Document.FromBytes(bytes))
            {
                Check.That(document.GetBytes().AsSpan().SequenceEqual(bytes), "many bytes");
                document.SetBytes(default);
                Check.Same(0, document.GetBytes().Length);
                Check.Fails(Result.WrongType, () => document.GetInt64("/a"));
            }
            using (Document empty = Document.FromBytes(default))
                Check.Same(0, empty.GetBytes().Length);
        }

        private static void ObjectsComeBack()
        {
            PlayerSerializer serializer = new PlayerSerializer();
            using (Document document = Document.FromJson("{}"))
            {
                document.Set("/player", new Player { Gold = 5, Name = new string('n', 10000) }, serializer);
                Check.Same(5L, document.GetInt64("/player/gold"));
                Player read = document.Get("/player", serializer);
                Check.Same(10000, read.Name.Length);
                document.Append("/all", read, serializer);
                Check.Same(1, document.GetLength("/all"));
                Check.Fails(Result.Empty, () => document.Get("/none", serializer));
                Check.Throws<ArgumentNullException>(() => document.Set("/player", read, null));
            }
        }

        private static void DisposedSaysSo()
        {
            Document document = Document.FromJson("{}");
            document.Dispose();
            document.Dispose();
            Check.Throws<ObjectDisposedException>(() => document.GetKind(""));
            Check.Throws<ObjectDisposedException>(() => document.SetNull("/a"));
        }

        private static void ForgottenIsCollected()
        {
            Forget(100);
            Objects.ExpectNone();
        }

        private static void Forget(int count)
        {
            for (int at = 0; at < count; at++)
                Check.Same(ValueKind.Object, Document.FromJson("{}").GetKind(""));
        }
    }
}
