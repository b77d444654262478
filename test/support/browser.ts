/** A Chromium of a test's own, without network beyond this machine, that keeps what its console says. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import type {} from './dom-names.js';

export interface OpenPage {
  readonly page: Page;
  /** Errors and warnings of the console, exceptions, and breaches of the content security policy. */
  readonly complaints: readonly string[];
}

export interface Browser {
  open(url: string, options?: PageOptions): Promise<OpenPage>;
  close(): Promise<void>;
}

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
  readonly isReduced?: boolean;
}

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface BrowserOptions {
  /** What a person types when the browser asks for a user and a password. */
  readonly credentials?: { readonly username: string; readonly password: string };
}

export async function startBrowser({ credentials }: BrowserOptions = {}): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'stagewatch-chromium-'));
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    args: ARGS,
    viewport: null,
    ...(credentials && { httpCredentials: credentials }),
  });
  return {
    async open(url, { width = 1440, height = 900, scheme = 'light', isReduced = false } = {}) {
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: isReduced ? 'reduce' : 'no-preference' });
      await page.goto(url);
      return { page, complaints };
    },
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
