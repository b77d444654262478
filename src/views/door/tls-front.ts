/**
 * Puts TLS before the HTTP server as the web configuration file says now: each connection is made by the settings of its
 * moment, so that certificates, client authorities, even TLS itself can change while it listens.
 */

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { WebTls } from '../../config/read-web-file.js';
import { describeError } from '../../lib/describe-error.js';
import { listSans } from './client-sans.js';
import type { ConnectionGate } from './connection-gate.js';

export interface TlsFront {
  /** Cuts every connection off, those too that are still in their handshake. */
  destroyAll(): void;
}

export interface TlsFrontOptions {
  readonly tls: () => WebTls | null;
  readonly admit: ConnectionGate;
  /** A client did not get through the handshake; in words. */
  readonly onRefused: (problem: string) => void;
}

const HANDSHAKE_LIMIT_MS = 10_000;

export function putTlsBefore(server: Server, { tls, admit, onRefused }: TlsFrontOptions): TlsFront {
  const sockets = new Set<Socket>();
  const serve = server.listeners('connection') as ((socket: Socket) => void)[];
  let made: { readonly tls: WebTls; readonly server: TlsServer } | undefined;

  function handOn(socket: Socket): void {
    for (const listener of serve) listener.call(server, socket);
  }

  function tlsServerOf(settings: WebTls): TlsServer {
    // One for each configuration: session tickets of an old one must not open the new one.
    if (made?.tls !== settings) made = { tls: settings, server: createFront(settings) };
    return made.server;
  }

  function createFront(settings: WebTls): TlsServer {
    const { context, clientAuth } = settings;
    const front = createTlsServer({
      ...context,
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: HANDSHAKE_LIMIT_MS,
      requestCert: clientAuth !== 'NoClientCert',
      rejectUnauthorized: clientAuth === 'RequireAndVerifyClientCert',
    });
    front.on('secureConnection', (socket) => {
      const problem = refusalOf(socket, settings);
      if (problem === undefined) handOn(socket);
      else {
        onRefused(problem);
        socket.destroy();
      }
    });
    front.on('tlsClientError', (error, socket) => {
      onRefused(describeError(error));
      socket.destroy();
    });
    return front;
  }

  server.removeAllListeners('connection');
  server.on('connection', (socket) => {
    if (!admit(socket)) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const settings = tls();
    if (!settings) {
      handOn(socket);
      return;
    }
    // Plain HTTP is served half open, and a handshake that its client gave up would then never end.
    socket.allowHalfOpen = false;
    tlsServerOf(settings).emit('connection', socket);
  });
  return {
    destroyAll() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Why a client is refused after its handshake; undefined: it is not. */
function refusalOf(socket: TLSSocket, { clientAuth, allowedSans }: WebTls): string | undefined {
  if (clientAuth === 'NoClientCert') return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) {
    return clientAuth === 'RequireAnyClientCert' ? 'the client showed no certificate' : undefined;
  }
  const mustVerify = clientAuth === 'VerifyClientCertIfGiven' || clientAuth === 'RequireAndVerifyClientCert';
  if (mustVerify && !socket.authorized)
    return `the client's certificate: ${describeError(socket.authorizationError)}`;
  if (allowedSans === null) return undefined;
  const isAllowed = listSans(certificate.subjectAltName).some((name) => allowedSans.includes(name));
  return isAllowed ? undefined : "the client's certificate has none of client_allowed_sans";
}
