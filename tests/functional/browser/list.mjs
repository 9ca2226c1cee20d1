// SPDX-License-Identifier: MIT
// Reads, sorts and walks through the listing of a folder.
//
// page: the folder's address; dark: whether the user likes it dark; script:
// false to go without; width: of the window; steps: what to do, one by one,
// each an object with one of
//   click: a selector          press: a key          goto: an address
//   check: a selector          reload: true          shot: a file for a picture
// and with "leads" if that is to lead to another page, or "saves": the file to
// save what is downloaded then.
// Returns what the page looks like before the first step and after each: its
// address, title, rows, headers and what has the focus; then the errors and
// the requests of the whole visit, and the bodies of those that have one.

// Runs in the page.
function look() {
    const text = (element) => element?.textContent.trim() ?? null;
    const focus = document.activeElement;
    const isBelow = (one, other) => one !== null
        && one.getBoundingClientRect().top
            >= other.getBoundingClientRect().bottom;
    return {
        url: location.href,
        title: document.title,
        lang: document.documentElement.lang,
        h1: text(document.querySelector('h1')),
        crumbs: [...document.querySelectorAll('nav a')].map(
            (link) => [text(link), link.href]),
        heads: [...document.querySelectorAll('thead th')].map(
            (head) => [text(head), head.getAttribute('aria-sort')]),
        rows: [...document.querySelectorAll('tbody tr')].map(
            (row) => text(row.querySelector('th'))),
        hrefs: [...document.querySelectorAll('tbody th a')].map(
            (link) => link.href),
        status: text(document.querySelector('[role=status]')),
        button: text(document.querySelector('footer button')),
        disabled: document.querySelector('footer button')?.disabled ?? null,
        selectAll: document.querySelector('thead input')?.checkVisibility()
            ?? null,
        focus: `${focus.localName} ${
            focus.getAttribute('aria-label') ?? text(focus).slice(0, 40)}`,
        outline: getComputedStyle(focus).outlineStyle,
        dateBelow: isBelow(document.querySelector('tbody time'),
            document.querySelector('tbody th a')),
        tooWide: document.documentElement.scrollWidth > innerWidth,
    };
}

// Runs in the page: the contrast (WCAG 2.1, 1.4.3) of every text.
function contrasts() {
    const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
    const light = (part) => (part /= 255) <= 0.04045
        ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    const luminance = ([r, g, b]) =>
        0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
    const behind = (element) => {
        for (; element; element = element.parentElement) {
            const colour = numbers(getComputedStyle(element).backgroundColor);
            if (colour[3] !== 0)
                return colour;
        }
        return [255, 255, 255];
    };
    const found = {};
    const walker = document.createTreeWalker(
        document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || element.localName === 'script'
            || element.disabled)
            continue;
        const pair = [numbers(getComputedStyle(element).color),
            behind(element)].map(luminance).sort((a, b) => b - a);
        found[element.localName] = Math.min(found[element.localName] ?? 21,
            (pair[0] + 0.05) / (pair[1] + 0.05));
    }
    return found;
}

async function act(page, { leads, saves, ...step }) {
    const [[how, what]] = Object.entries(step);
    const arrival = leads ? page.waitForNavigation() : null;
    const download = saves ? page.waitForEvent('download') : null;
    if (how === 'press')
        await page.keyboard.press(what);
    else if (how === 'reload')
        await page.reload();
    else if (how === 'shot')
        await page.screenshot({ path: what, fullPage: true });
    else
        await page[how](what);
    await arrival;
    await (await download)?.saveAs(saves);
    await page.waitForLoadState();
}

// What assistive technology gets of the page: [role, name] of each part.
async function accessible(page) {
    const session = await page.context().newCDPSession(page);
    const { nodes } = await session.send('Accessibility.getFullAXTree');
    return nodes.filter((node) => !node.ignored).map(
        (node) => [node.role?.value, node.name?.value ?? '']);
}

export default async function (page, options) {
    const errors = [];
    const requests = [];
    const posts = [];
    page.on('console', (message) => {
        // A browser looks for it by itself, for what is no page.
        if (!message.location().url.endsWith('/favicon.ico'))
            errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('request', (request) => {
        requests.push(request.url());
        if (request.method() === 'POST')
            posts.push({ url: request.url(), body: request.postData() });
    });
    await page.setViewportSize({ width: options.width ?? 1000, height: 760 });
    if (options.script === false) {
        const session = await page.context().newCDPSession(page);
        await session.send('Emulation.setScriptExecutionDisabled',
            { value: true });
    }
    await page.emulateMedia({ colorScheme: options.dark ? 'dark' : 'light' });
    const looks = [];
    await page.goto(options.page);
    looks.push(await page.evaluate(look));
    const tree = await accessible(page);
    const contrast = await page.evaluate(contrasts);
    for (const step of options.steps ?? []) {
        await act(page, step);
        looks.push(await page.evaluate(look));
    }
    return { looks, tree, contrast, errors, requests, posts };
}
