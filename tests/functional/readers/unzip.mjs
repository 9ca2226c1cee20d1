// SPDX-License-Identifier: MIT
// Unpacks a zip archive from standard input, as it comes, with unzipper:
//
//   node unzip.mjs FOLDER < ARCHIVE
//
// FCGI_STREAM_NODE_MODULES   the folder that has unzipper
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const require = createRequire(`${process.env.FCGI_STREAM_NODE_MODULES}/`);
const unzipper = require('unzipper');
const folder = process.argv[2];
const archive = process.stdin.pipe(unzipper.Parse({ forceStream: true }));

for await (const entry of archive) {
    const path = join(folder, entry.path);

    if (entry.type === 'Directory') {
        await mkdir(path, { recursive: true });
        entry.autodrain();
        continue;
    }
    await mkdir(dirname(path), { recursive: true });
    await pipeline(entry, createWriteStream(path));
}
