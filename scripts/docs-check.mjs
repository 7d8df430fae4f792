// Looks at every page of the documentation site in a browser, from the file system and without network: wide and narrow,
// light and dark. Says what is wrong, one line each, and leaves screenshots of the main pages.
//
//   node scripts/docs-check.mjs PLAYWRIGHT SITE SCREENSHOTS
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [playwright, site, screenshots] = process.argv.slice(2);
const { chromium } = await import(pathToFileURL(resolve(playwright)));

const WIDTHS = [1440, 360];
const SCHEMES = ["light", "dark"];
const LEAST_CONTRAST = 4.5;
const MAIN_PAGES = [
    "index", "docs/guide/concepts", "docs/guide/c", "docs/guide/csharp", "docs/guide/purchases", "docs/guide/platforms",
    "docs/guide/operations", "docs/stores", "docs/reliability", "reference/index", "reference/engines",
];

const problems = new Set();
const report = (page, text) => problems.add(`${page}: ${text}`);

// What is run in the page. They see nothing of this file.

function readPage() {
    const ids = [...document.querySelectorAll("[id], a[name]")].map((element) => element.id || element.name);
    const links = [...document.querySelectorAll("a[href], link[href], script[src], img[src]")].map((element) => ({
        url: element.href || element.src,
        // What a page shows or loads must be there; where a reader may go, may be elsewhere.
        leads: element.tagName === "A",
    }));
    const faults = [];
    // The page of the search makes its heading when it has found something.
    if (document.querySelectorAll("h1").length !== 1 && !document.querySelector("#search-results")) faults.push("not one heading of the first level");
    if (!document.documentElement.lang) faults.push("no language");
    if (!document.title) faults.push("no title");
    for (const drawing of document.querySelectorAll(".diagram svg"))
        if (!drawing.getAttribute("aria-label")) faults.push("a drawing without words");
    return { ids, links, faults };
}

function findWide() {
    // The page may not be wider than the screen, nor what the theme lays it out with, which would scroll in its place.
    // Code, tables and drawings may scroll by themselves.
    const parts = [document.documentElement, ...document.querySelectorAll(".page, .main, .content, .article-container")];
    const hides = (part) => part === document.documentElement || getComputedStyle(part).overflowX !== "visible";
    const wide = parts.filter((part) => hides(part) && part.scrollWidth > part.clientWidth + 1);
    if (!wide.length) return [];
    const scrolls = (element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX) && !parts.includes(element);
    const sticksOut = (element) => {
        const { left, right, width } = element.getBoundingClientRect();
        if (!width || (right <= innerWidth && left >= 0)) return false;
        for (let at = element; at; at = at.parentElement)
            if (getComputedStyle(at).position === "fixed" || (at !== element && scrolls(at))) return false;
        return true;
    };
    const culprit = [...document.querySelectorAll("article *")].filter(sticksOut).pop() ?? wide.pop();
    return [`${culprit.tagName.toLowerCase()}.${culprit.className} "${culprit.textContent.trim().slice(0, 40)}"`];
}

function findFaint(least) {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const known = new Map();
    // Any colour that CSS can write, as four numbers.
    const parse = (color) => {
        if (!known.has(color)) {
            canvas.clearRect(0, 0, 1, 1);
            canvas.fillStyle = "#000";
            canvas.fillStyle = color;
            canvas.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
            known.set(color, [r, g, b, a / 255]);
        }
        return known.get(color);
    };
    const over = (top, below) => top.slice(0, 3).map((part, at) => part * top[3] + below[at] * (1 - top[3]));
    const light = (color) => {
        const [r, g, b] = color.map((part) => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = (element) => {
        const layers = [];
        for (let at = element; at; at = at.parentElement) {
            // A box of a drawing lies behind its text as its brother.
            const box = at.parentElement?.closest?.("g.node")?.querySelector("path, polygon, ellipse");
            layers.push(parse(box && at.tagName === "text" ? getComputedStyle(box).fill : getComputedStyle(at).backgroundColor));
        }
        return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
    };
    const faint = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        if (!node.data.trim() || ["SCRIPT", "STYLE", "NOSCRIPT", "TITLE"].includes(element.tagName.toUpperCase())) continue;
        if (!element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
        const style = getComputedStyle(element);
        const behind = background(element);
        const text = over(parse(element.tagName === "text" ? style.fill : style.color), behind);
        const [brighter, darker] = [light(text), light(behind)].sort((one, other) => other - one);
        const contrast = (brighter + 0.05) / (darker + 0.05);
        if (contrast >= least) continue;
        const what = `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}`;
        if (!faint.has(what)) faint.set(what, `contrast ${contrast.toFixed(2)} of ${what} "${node.data.trim().slice(0, 40)}"`);
    }
    return [...faint.values()];
}

// The pages

const pages = readdirSync(site, { recursive: true }).filter((name) => name.endsWith(".html")).sort();
const found = new Map();
const addressOf = (name) => pathToFileURL(resolve(site, name)).href;

async function look(page, name) {
    await page.setViewportSize({ width: WIDTHS[0], height: 900 });
    await page.goto(addressOf(name), { waitUntil: "load" });
    const read = await page.evaluate(readPage);
    found.set(addressOf(name), read);
    read.faults.forEach((fault) => report(name, fault));
    for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        for (const scheme of SCHEMES) {
            await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
            if (scheme === SCHEMES[0])
                (await page.evaluate(findWide)).forEach((what) => report(name, `wider than ${width} px: ${what}`));
            (await page.evaluate(findFaint, LEAST_CONTRAST)).forEach((what) => report(name, `${scheme}: ${what}`));
            if (MAIN_PAGES.includes(name.replace(/\.html$/, "")))
                await page.screenshot({ path: `${screenshots}/${name.replace(/\.html$/, "").replaceAll("/", "-")}-${width}-${scheme}.png` });
        }
    }
}

async function checkSearch(page) {
    await page.goto(`${addressOf("search.html")}?q=lease_ms`, { waitUntil: "load" });
    const result = page.locator("#search-results li a", { hasText: "lease_ms" }).first();
    await result.waitFor({ timeout: 20000 }).catch(() => report("search.html", "does not find `lease_ms`"));
}

function checkLinks() {
    for (const [address, { links }] of found) {
        const name = fileURLToPath(address).slice(resolve(site).length + 1);
        for (const { url, leads } of links) {
            const [file, anchor] = url.split("#");
            if (!url.startsWith("file:")) {
                if (!leads || !url.startsWith("https:")) report(name, `leads out: ${url}`);
            } else if (!existsSync(fileURLToPath(file.split("?")[0]))) {
                report(name, `broken link: ${url}`);
            } else if (anchor && found.has(file) && !found.get(file).ids.includes(decodeURIComponent(anchor))) {
                report(name, `no such anchor: ${url}`);
            }
        }
    }
}

rmSync(screenshots, { recursive: true, force: true });
mkdirSync(screenshots, { recursive: true });
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const context = await browser.newContext({ offline: true });
const page = await context.newPage();
let current = "";
page.on("console", (message) => message.type() === "error" && report(current, `console: ${message.text()}`));
page.on("pageerror", (error) => report(current, `script: ${error.message}`));
page.on("request", (request) => /^(file|data|blob):/.test(request.url()) || report(current, `asks the network: ${request.url()}`));
for (const name of pages) {
    current = name;
    await look(page, name);
}
await checkSearch(page);
await browser.close();
checkLinks();
for (const main of MAIN_PAGES) if (!pages.includes(`${main}.html`)) report(main, "is no page");
problems.forEach((problem) => console.log(problem));
console.log(`docs: ${pages.length} pages looked at, ${problems.size} problems, screenshots in ${screenshots}`);
process.exit(problems.size ? 1 : 0);
