// SPDX-License-Identifier: MIT
// Runs a scenario in a headless Chromium:
//
//   node run.mjs SCENARIO OPTIONS
//
// SCENARIO names a module beside this one; OPTIONS is JSON and goes to its
// default function, together with a page. Of the options, "chromium" is the
// program, "profile" a folder of its own, "seconds" how long all may take.
// The answer is one line of JSON: what the function returned, with the
// responses that the browser got, or the error. Then the browser stays open,
// and its connections with it, until standard input ends.
//
// FCGI_STREAM_NODE_MODULES   the folder that has playwright-core
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.FCGI_STREAM_NODE_MODULES}/`);
const { chromium } = require('playwright-core');

const [scenario, text] = process.argv.slice(2);
const options = JSON.parse(text);
const responses = [];

// Media, fetch() and the browser's own requests alike.
function note(response) {
    responses.push({
        url: response.url(),
        status: response.status(),
        range: response.request().headers().range ?? null,
        contentRange: response.headers()['content-range'] ?? null,
    });
}

function answer(value) {
    process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function run(context) {
    const { default: act } = await import(`./${scenario}.mjs`);
    const page = await context.newPage();
    page.setDefaultTimeout(options.seconds * 1000);
    context.on('response', note);
    answer({ value: await act(page, options), responses });
    clearTimeout(timer);
    for await (const _ of process.stdin);
}

// Playwright ends the browser when this process exits, however it does.
const timer = setTimeout(() => {
    answer({ error: `not done after ${options.seconds} s` });
    process.exit(1);
}, options.seconds * 1000);

let context;
try {
    context = await chromium.launchPersistentContext(options.profile, {
        executablePath: options.chromium,
        headless: true,
        timeout: options.seconds * 1000,
        args: [
            '--no-sandbox', '--disable-gpu', '--disable-quic',
            '--no-first-run', '--disable-background-networking',
            '--disable-component-update', '--disable-sync',
            '--no-proxy-server',
            '--autoplay-policy=no-user-gesture-required',
        ],
    });
    await run(context);
} catch (error) {
    answer({ error: String(error.stack ?? error) });
    process.exitCode = 1;
}
await context?.close();
process.exit();
