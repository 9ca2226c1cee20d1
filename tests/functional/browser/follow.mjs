// SPDX-License-Identifier: MIT
// Opens the page of examples/follow.html and does one step after another:
//
//   append: TEXT          appends it to the log
//   rename: TO, write: TEXT   gives the log another name, and makes a new one
//   remove: true          deletes the log
//   kill: PID             kills a process
//   lines: N              waits until the page shows so many lines
//   state: TEXT           waits until the page says that it is in this state
//   shot: FILE            takes a picture of the page
//
// page: the page's address; log: the file; steps: these. Returns the lines
// that the page shows in the end.
import { appendFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';

// Runs in the page.
function hasLines(count) {
    return document.getElementById('lines').childElementCount >= count;
}

function hasState(text) {
    return document.getElementById('state').textContent === text;
}

function readLines() {
    return [...document.getElementById('lines').children].map(
        (line) => line.textContent);
}

async function act(page, log, step) {
    if (step.append !== undefined)
        appendFileSync(log, step.append);
    if (step.rename !== undefined)
        renameSync(log, step.rename);
    if (step.write !== undefined)
        writeFileSync(log, step.write);
    if (step.remove)
        unlinkSync(log);
    if (step.kill !== undefined)
        process.kill(step.kill, 'SIGKILL');
    if (step.lines !== undefined)
        await page.waitForFunction(hasLines, step.lines);
    if (step.state !== undefined)
        await page.waitForFunction(hasState, step.state);
    if (step.shot !== undefined)
        await page.screenshot({ path: step.shot });
}

export default async function (page, { page: address, log, steps }) {
    await page.goto(address, { waitUntil: 'commit' });
    for (const step of steps) {
        try {
            await act(page, log, step);
        } catch (error) {
            const lines = await page.evaluate(readLines);
            throw new Error(
                `${JSON.stringify(step)}: ${error}; ${lines.slice(-20)}`);
        }
    }
    return page.evaluate(readLines);
}
