// SPDX-License-Identifier: MIT
// Reads server-sent events (EventSource) until `count` have come.
//
// url: where they come from. Returns the data of each.

// Runs in the page.
function read({ url, count }) {
    return new Promise((resolve, reject) => {
        const source = new EventSource(url);
        const seen = [];
        source.onerror = () => reject(new Error('the source broke off'));
        source.onmessage = ({ data }) => {
            seen.push(data);
            if (seen.length < count)
                return;
            source.close();
            resolve(seen);
        };
    });
}

export default async function (page, options) {
    // A page of the same site, without a server for it.
    const address = new URL('/page', options.url).href;
    await page.route(address, (route) => route.fulfill({
        contentType: 'text/html', body: '<!doctype html><title>x</title>',
    }));
    await page.goto(address);
    return page.evaluate(read, { url: options.url, count: options.count });
}
