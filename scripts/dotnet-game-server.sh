#!/usr/bin/env bash
# Builds the game server in C# and makes a program of it.
# Usage: scripts/dotnet-game-server.sh LIBRARY FOLDER [3.1|8|mono]
#   LIBRARY  the shared library of SessionLocker
#   FOLDER   where to: FOLDER/game_server is the program
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
library=$1
folder=$2
runtime=${3:-8}

compiled_for=$runtime
[ "$runtime" = 8 ] && compiled_for=3.1

bash "$here/dotnet.sh" setup
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
bash "$here/dotnet.sh" compile "$compiled_for" -langversion:9 -unsafe -target:library \
    -out:"$folder/SessionLocker.CSharp.dll" "$here/../bindings/csharp/src"
bash "$here/dotnet.sh" compile "$compiled_for" -langversion:9 -r:"$folder/SessionLocker.CSharp.dll" \
    -out:"$folder/game_server.exe" "$here/../examples/game_server_csharp"
cp "$library" "$folder/libsessionlocker.so"
printf '#!/bin/sh\nexec bash "%s" run %s "%s" "$@"\n' "$here/dotnet.sh" "$runtime" "$folder/game_server.exe" >"$folder/game_server"
chmod +x "$folder/game_server"
