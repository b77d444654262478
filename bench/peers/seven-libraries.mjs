// An idle process with the seven libraries the daemon is built on, listening: the floor of its memory and start.
import 'amqplib';
import 'dockerode';
import 'node-cron';
import 'nodemailer';
import 'pino';
import express from 'express';
import { collectDefaultMetrics, Registry } from 'prom-client';

const registry = new Registry();
collectDefaultMetrics({ register: registry });
const app = express();
app.get('/metrics', async (_request, response) => response.send(await registry.metrics()));
const server = app.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${server.address().port}\n`));
