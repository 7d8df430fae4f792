using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace GameServer
{
    /// <summary>The connections: lines in, lines out, never blocking.</summary>
    internal sealed class Clients : IDisposable
    {
        /// <summary>Names no connection.</summary>
        internal const long Nobody = 0;

        private const int MaxClients = 64;
        private const int MaxLine = 512;

        // A client that lets more than this wait for it is not reading and is dropped.
        private const int MaxWaiting = 4 * 1024 * 1024;
        private const int MaxReceivesPerTick = 64;

        private readonly TcpListener listener;
        private readonly Dictionary<long, Client> clients = new Dictionary<long, Client>();
        private long lastId;

        /// <summary>Listens on this machine only. Port 0 lets the system choose.</summary>
        internal Clients(int port)
        {
            listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
        }

        internal int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

        /// <summary>Takes new connections and hands over the lines that have come.</summary>
        internal void Receive(Action<long, string> onLine, Action<long> onGone)
        {
            while (clients.Count < MaxClients && listener.Pending())
                clients.Add(++lastId, new Client(lastId, listener.AcceptSocket()));
            foreach (Client client in new List<Client>(clients.Values))
            {
                client.Receive(onLine);
                if (!client.IsEnded)
                    continue;
                client.Dispose();
                clients.Remove(client.Id);
                onGone(client.Id);
            }
        }

        /// <summary>Queues a line. A client that has gone gets nothing, and nobody else does.</summary>
        internal void Print(long id, string line)
        {
            if (clients.TryGetValue(id, out Client client))
                client.Print(line);
        }

        /// <summary>Sends what was queued.</summary>
        internal void Send()
        {
            foreach (Client client in clients.Values)
                client.Send();
        }

        public void Dispose()
        {
            foreach (Client client in clients.Values)
                client.Dispose();
            listener.Stop();
        }

        private sealed class Client : IDisposable
        {
            private readonly Socket socket;
            private readonly byte[] incoming = new byte[MaxLine];
            private int received;
            private byte[] outgoing = new byte[1024];
            private int waiting;

            internal Client(long id, Socket socket)
            {
                Id = id;
                this.socket = socket;
                socket.Blocking = false;
                socket.NoDelay = true;
            }

            internal long Id { get; }

            internal bool IsEnded { get; private set; }

            internal void Receive(Action<long, string> onLine)
            {
                for (int turn = 0; turn < MaxReceivesPerTick && !IsEnded; turn++)
                {
                    int got = socket.Receive(incoming, received, incoming.Length - received, SocketFlags.None, out SocketError error);
                    if (error == SocketError.WouldBlock)
                        return;
                    if (error != SocketError.Success || got == 0)
                    {
                        IsEnded = true;
                        return;
                    }
                    received += got;
                    TakeLines(onLine);
                }
            }

            internal void Print(string line)
            {
                byte[] bytes = Encoding.UTF8.GetBytes(line + "\n");
                if (IsEnded || waiting + bytes.Length > MaxWaiting)
                {
                    IsEnded = true;
                    return;
                }
                if (waiting + bytes.Length > outgoing.Length)
                    Array.Resize(ref outgoing, (waiting + bytes.Length) * 2);
                bytes.CopyTo(outgoing, waiting);
                waiting += bytes.Length;
            }

            internal void Send()
            {
                if (waiting == 0)
                    return;
                int sent = socket.Send(outgoing, 0, waiting, SocketFlags.None, out SocketError error);
                if (error != SocketError.Success && error != SocketError.WouldBlock)
                {
                    // Clients.Receive tells of it.
                    IsEnded = true;
                    sent = waiting;
                }
                waiting -= sent;
                Buffer.BlockCopy(outgoing, sent, outgoing, 0, waiting);
            }

            public void Dispose()
            {
                // What is still queued may say why the connection ends.
                if (!IsEnded)
                    Send();
                socket.Dispose();
            }

            /// <summary>Hands over each whole line and keeps the beginning of the next one.</summary>
            private void TakeLines(Action<long, string> onLine)
            {
                int start = 0;
                int end;
                while ((end = Array.IndexOf(incoming, (byte)'\n', start, received - start)) >= 0)
                {
                    onLine(Id, Encoding.UTF8.GetString(incoming, start, end - start).TrimEnd('\r'));
                    start = end + 1;
                }
                received -= start;
                Buffer.BlockCopy(incoming, start, incoming, 0, received);
                if (received < incoming.Length)
                    return;
                Print("error a line may have up to " + (MaxLine - 1) + " bytes");
                Send();
                IsEnded = true;
            }
        }
    }
}
