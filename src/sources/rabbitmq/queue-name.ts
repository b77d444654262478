/** How long the name of a queue may be: by each interface it is cut in the same way, so that it stays one queue. */

/** AMQP has no longer ones, in bytes. */
export const MAX_QUEUE_NAME = 255;
