/** The page at /: what this is, whether its sources answer, and where everything else is. */

import type { Fleet } from '../fleet/model.js';

const LINKS: readonly (readonly [string, string])[] = [
  ['/metrics', 'metrics for Prometheus'],
  ['/api/v1/fleet', 'the whole picture as JSON'],
  ['/api/v1/findings', 'what is wrong, and why we say so, as JSON'],
  ['/api/v1/journal', 'what happened, newest first, as JSON'],
  ['/-/ready', 'ready: the first full picture is there'],
  ['/-/healthy', 'healthy: the daemon runs'],
];

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .3rem 1rem .3rem 0; vertical-align: top; border-bottom: 1px solid #8884; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
td:first-child { white-space: nowrap; }
`;

export const LANDING_STYLE_PATH = '/landing.css';
export const LANDING_STYLE = STYLE;

export function renderLandingPage(fleet: Fleet, version: string): string {
  const counts = new Map<string, number>();
  for (const { role, state } of fleet.containers.values()) {
    const key = `${role}, ${state}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const sources = [...fleet.sources.values()].map(
    ({ source, target, isUp, problem }) =>
      `<tr><td>${escapeHtml(source)}</td><td>${escapeHtml(target)}</td><td>${isUp ? '● up' : `■ ${escapeHtml(problem ?? 'not read yet')}`}</td></tr>`,
  );
  const containers = [...counts]
    .toSorted(([one], [other]) => one.localeCompare(other))
    .map(([key, count]) => `<tr><td>${escapeHtml(key)}</td><td>${count}</td></tr>`);
  const links = LINKS.map(([path, what]) => `<li><a href="${path}">${path}</a> – ${escapeHtml(what)}</li>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>stagewatch</title>
<link rel="stylesheet" href="${LANDING_STYLE_PATH}">
</head>
<body>
<h1>stagewatch</h1>
<p>Version ${escapeHtml(version)}</p>
<ul>${links.join('')}</ul>
<h2>Sources</h2>
<table><tr><th>source</th><th>watched at</th><th>state</th></tr>${sources.join('')}</table>
<h2>Containers</h2>
${containers.length === 0 ? '<p>None of the pipeline is known yet.</p>' : `<table><tr><th>role, state</th><th>count</th></tr>${containers.join('')}</table>`}
</body>
</html>
`;
}

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => HTML_ESCAPES[character] ?? character);
}
