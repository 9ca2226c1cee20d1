// SPDX-License-Identifier: MIT
// Plays the only video of a page while its file grows: when it has played a
// bit, what is left is appended; after that, its end marker is made.
//
// page: the page's address; file: the video; rest: a file with what is left;
// marker: the end marker; until: the second that it must get to before that.
// Returns where it ended.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';

// Runs in the page.
function start() {
    const video = document.querySelector('video');
    video.addEventListener('error', () => {
        video.title = `${video.error.code} ${video.error.message}`;
    });
    video.play();
}

function isBeyond(seconds) {
    const video = document.querySelector('video');
    return video.title || video.currentTime > seconds;
}

function hasEnded() {
    const video = document.querySelector('video');
    return video.title || video.ended;
}

function whereItIs() {
    const { title, currentTime } = document.querySelector('video');
    return { title, time: currentTime };
}

export default async function (page, { page: address, file, rest, marker,
    until }) {
    await page.goto(address, { waitUntil: 'commit' });
    await page.waitForSelector('video', { state: 'attached' });
    await page.evaluate(start);
    await page.waitForFunction(isBeyond, 0.2);
    appendFileSync(file, readFileSync(rest));
    await page.waitForFunction(isBeyond, until);
    writeFileSync(marker, '');
    await page.waitForFunction(hasEnded);
    return page.evaluate(whereItIs);
}
