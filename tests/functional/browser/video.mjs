// SPDX-License-Identifier: MIT
// Plays the only video of a page, seeks close to its end and back.
//
// page: the page's address. Returns the duration, the number of "seeked"
// events, and for each of the three places: where playing began, where it
// got to, and the colour in the middle of the picture.

// Runs in the page.
async function watch() {
    const video = document.querySelector('video');
    const places = [];
    let seeked = 0;

    const failed = new Promise((_, reject) => {
        video.addEventListener('error', () => reject(
            new Error(`video: ${video.error.code} ${video.error.message}`)));
    });
    const happens = (name) => Promise.race([failed, new Promise(
        (resolve) => video.addEventListener(name, resolve, { once: true }))]);

    function colour() {
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = 1;
        const pen = canvas.getContext('2d');
        pen.drawImage(video, 0, 0, 1, 1);
        const [red, , blue] = pen.getImageData(0, 0, 1, 1).data;
        return red > blue ? 'red' : 'blue';
    }

    async function playOn() {
        const from = video.currentTime;
        while (video.currentTime < from + 0.4)
            await happens('timeupdate');
        places.push({ from, to: video.currentTime, colour: colour() });
    }

    async function seek(time) {
        const done = happens('seeked');
        video.currentTime = time;
        await done;
    }

    video.addEventListener('seeked', () => { seeked += 1; });
    await Promise.race([failed, video.play()]);
    await playOn();
    await seek(video.duration - 3);
    await playOn();
    await seek(1);
    await playOn();
    video.pause();
    return { duration: video.duration, seeked, places };
}

export default async function (page, options) {
    await page.goto(options.page);
    return page.evaluate(watch);
}
