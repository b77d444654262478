/** The HTML of the page: its landmarks and headings, empty until the script has a picture. */

import { PAGE_MODULES } from './page-assets.js';

const LINKS: readonly (readonly [string, string])[] = [
  ['/metrics', 'metrics for Prometheus'],
  ['/api/v1/fleet', 'the whole picture as JSON'],
  ['/api/v1/findings', 'what is wrong, and why we say so'],
  ['/api/v1/journal', 'what happened, newest first'],
  ['/api/v1/history', 'queues and stages of the last hour'],
  ['/-/ready', 'ready'],
  ['/-/healthy', 'healthy'],
];

/** By id; what comes after the first two can be folded, and is on a phone. */
const SECTIONS: readonly (readonly [string, string])[] = [
  ['problems', 'Problems'],
  ['flow', 'Flow'],
  ['gpus', 'GPUs'],
  ['workers', 'Workers'],
  ['orchestrators', 'Orchestrators'],
  ['others', 'Other containers'],
  ['journal', 'Journal'],
  ['surroundings', 'Sources and infrastructure'],
];
const ALWAYS_OPEN = 2;

export function renderPageShell(): string {
  const preloads = PAGE_MODULES.map((path) => `<link rel="modulepreload" href="${path}">`).join('\n');
  const sections = SECTIONS.map(([id, title], index) => renderSection(id, title, index < ALWAYS_OPEN)).join(
    '\n',
  );
  const links = LINKS.map(([path, what]) => `<li><a href="${path}">${path}</a> ${what}</li>`).join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>stagewatch</title>
<link rel="icon" href="/page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page/uplot.css">
<link rel="stylesheet" href="/page/page.css">
${preloads}
<script defer src="/page/uplot.js"></script>
<script type="module" src="/page/main.js"></script>
</head>
<body class="is-empty">
<a class="skip" href="#problems-section">Skip to the problems</a>
<header id="top" class="top is-unknown">
<h1 id="sentence">Waiting for the first picture…</h1>
<div class="top-side">
<p id="age" class="age">connecting</p>
<ul id="sources" class="chips" aria-label="Sources"></ul>
</div>
<p id="announcer" class="unseen" role="status"></p>
</header>
<noscript><p class="calm">This page needs JavaScript; <a href="/api/v1/fleet">the picture as JSON</a> and
<a href="/metrics">the metrics</a> do not, nor does <code>stagewatch status</code>.</p></noscript>
<search id="filter" class="filter"></search>
<main>
${sections}
</main>
<footer>
<p id="exposed" class="exposed" hidden>Other machines can reach this page, and reading it needs no authentication: set
<code>web.read_token</code> or <code>web.config_file</code>.</p>
<p><strong id="version">stagewatch</strong> <button type="button" id="unlock" class="link" hidden></button></p>
<ul class="links-list">
${links}
</ul>
</footer>
<aside id="worker-card" class="worker-card" aria-label="Worker" hidden></aside>
<dialog id="dialog" class="dialog" aria-labelledby="dialog-title"></dialog>
</body>
</html>
`;
}

function renderSection(id: string, title: string, isAlwaysOpen: boolean): string {
  const head = `<h2 id="${id}-title">${title}</h2><span id="${id}-summary" class="summary"></span>`;
  const body = `<div id="${id}"></div>`;
  const inner = isAlwaysOpen
    ? `<div class="section-head">${head}</div>\n${body}`
    : `<details class="fold" open><summary class="section-head">${head}</summary>\n${body}</details>`;
  return `<section id="${id}-section" class="section" aria-labelledby="${id}-title">\n${inner}\n</section>`;
}
