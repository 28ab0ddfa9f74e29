import {
  Body,
  Controller,
  Delete,
  HttpCode,
  Inject,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  type OnApplicationShutdown,
  Param,
  ParseIntPipe,
  Post,
  RequestMethod,
} from '@nestjs/common';
import { afterBooking, createNotifier, type Notifier } from 'express-crm-notifier';

export const CRM = Symbol('the notifier');

interface Booking {
  readonly id: number;
  readonly userId: number;
  readonly sessionId: number;
}

@Injectable()
export class BookingsService {
  readonly #bookings = new Map<number, Booking>();
  #lastId = 455;

  constructor(@Inject(CRM) private readonly crm: Notifier) {}

  create({ userId = 123, sessionId = 789 }: Partial<Booking> = {}): Booking {
    this.#lastId += 1;
    const booking = { id: this.#lastId, userId, sessionId };
    this.#bookings.set(booking.id, booking);
    return booking;
  }

  /** Without a hook: the notifier is called where the booking changes, also when no request did it. */
  async cancel(id: number): Promise<void> {
    const booking = this.#bookings.get(id);
    if (booking === undefined || !this.#bookings.delete(id)) return;
    const { userId, sessionId } = booking;
    await this.crm.notifyBooking({ bookingId: id, userId, sessionId, action: 'cancelled' });
  }
}

@Controller('bookings')
export class BookingsController {
  constructor(@Inject(BookingsService) private readonly bookings: BookingsService) {}

  @Post()
  create(@Body() body?: Partial<Booking>): { booking: Booking } {
    return { booking: this.bookings.create(body) };
  }

  @Delete(':id')
  @HttpCode(204)
  async cancel(@Param('id', ParseIntPipe) id: number): Promise<void> {
    await this.bookings.cancel(id);
  }
}

@Module({
  controllers: [BookingsController],
  providers: [
    BookingsService,
    {
      provide: CRM,
      async useFactory(): Promise<Notifier> {
        const crm = createNotifier(); // CRM_BASE_URL, CRM_AUTH_TOKEN, … from the environment
        await crm.ready(); // do not start without an outbox
        return crm;
      },
    },
  ],
})
export class BookingsModule implements NestModule, OnApplicationShutdown {
  constructor(@Inject(CRM) private readonly crm: Notifier) {}

  /** Nest runs middleware before guards, pipes and the handler, so a hook is in its place here. */
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply(this.crm.middleware(), afterBooking('created'))
      .forRoutes({ path: 'bookings', method: RequestMethod.POST });
  }

  /** Nest has closed its server by now. */
  async onApplicationShutdown(): Promise<void> {
    const { pending } = await this.crm.close();
    console.log(`Stopped; ${pending} notifications wait for the next start`);
  }
}
