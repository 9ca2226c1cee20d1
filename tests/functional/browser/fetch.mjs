// SPDX-License-Identifier: MIT
// Calls fetch() in a page, once for each of the requests, one by one.
//
// page: the page's address; requests: a list of { url, and what fetch()
// takes }. Returns for each: status, the header fields that the page may
// see, the body's length and SHA-256, and the body itself in base64 if it is
// small; or the error.

// Runs in the page.
async function ask({ url, ...init }) {
    try {
        const response = await fetch(url, { cache: 'no-store', ...init });
        const body = new Uint8Array(await response.arrayBuffer());
        const digest = new Uint8Array(
            await crypto.subtle.digest('SHA-256', body));
        return {
            status: response.status,
            fields: Object.fromEntries(response.headers),
            length: body.length,
            digest: Array.from(
                digest, (byte) => byte.toString(16).padStart(2, '0')).join(''),
            body: body.length > 8192
                ? null : btoa(String.fromCharCode(...body)),
        };
    } catch (error) {
        return { error: String(error) };
    }
}

export default async function (page, options) {
    const results = [];
    await page.goto(options.page);
    for (const request of options.requests)
        results.push(await page.evaluate(ask, request));
    return results;
}
