// SPDX-License-Identifier: MIT
// Begins a fetch() in a page, reads a little and aborts it.
//
// page: the page's address; url: what to fetch. Returns how many bytes came
// and the name of the error that reading ended with.

// Runs in the page.
async function begin(url) {
    const controller = new AbortController();
    const response = await fetch(
        url, { cache: 'no-store', signal: controller.signal });
    const reader = response.body.getReader();
    let received = 0;
    try {
        for (;;) {
            const { done, value } = await reader.read();
            if (done)
                return { received, error: null };
            received += value.length;
            controller.abort();
        }
    } catch (error) {
        return { received, error: error.name };
    }
}

export default async function (page, options) {
    await page.goto(options.page);
    return page.evaluate(begin, options.url);
}
