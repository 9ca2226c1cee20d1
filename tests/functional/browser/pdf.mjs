// SPDX-License-Identifier: MIT
// Opens a PDF with PDF.js in a page and reads the text of some of its pages.
//
// page: the page's address; url: the document's; library and worker: those
// of PDF.js; numbers: the pages to read. Returns the number of pages and the
// texts. Only what a page needs is fetched, a range at a time.

// Runs in the page.
async function read({ library, worker, url, numbers }) {
    const { getDocument, GlobalWorkerOptions } = await import(library);
    GlobalWorkerOptions.workerSrc = worker;
    const pdf = await getDocument({
        url, disableStream: true, disableAutoFetch: true,
    }).promise;
    const texts = [];
    for (const number of numbers) {
        const page = await pdf.getPage(number);
        const { items } = await page.getTextContent();
        texts.push(items.map((item) => item.str).join(''));
    }
    return { pages: pdf.numPages, texts };
}

export default async function (page, options) {
    await page.goto(options.page);
    return page.evaluate(read, options);
}
