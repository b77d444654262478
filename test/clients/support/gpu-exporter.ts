/** An exporter of two GPUs as DCGM's, one of them nearly full; the other reports XID 79 when it is told to. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface GpuExporter {
  readonly url: string;
  failGpu(): void;
  close(): void;
}

export async function startGpuExporter(): Promise<GpuExporter> {
  let hasXid = false;
  const server: Server = createServer((_, response) => {
    const labels = (gpu: number): string => `{gpu="${gpu}",UUID="GPU-${gpu}",modelName="NVIDIA B200"}`;
    const lines = [0, 1].flatMap((gpu) => [
      `DCGM_FI_DEV_GPU_UTIL${labels(gpu)} 50`,
      `DCGM_FI_DEV_FB_USED${labels(gpu)} ${gpu === 1 ? 178_200 : 20_000}`,
      `DCGM_FI_DEV_FB_FREE${labels(gpu)} ${gpu === 1 ? 1800 : 160_000}`,
      `DCGM_FI_DEV_XID_ERRORS${labels(gpu)} ${gpu === 0 && hasXid ? 79 : 0}`,
    ]);
    response.end(`${lines.join('\n')}\n`);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failGpu() {
      hasXid = true;
    },
    close: () => server.close(),
  };
}
