import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { BookingsModule } from './bookings.js';

const app = await NestFactory.create(BookingsModule);
app.enableShutdownHooks(['SIGTERM', 'SIGINT']);
await app.listen(process.env['PORT'] ?? 3000);
console.log(`The app is at ${(await app.getUrl()).replace('[::1]', 'localhost')}`);
