import express from 'express';
import * as crmNotifier from 'express-crm-notifier';
import { oneBooking } from './one-booking.cjs';

await oneBooking(express, crmNotifier);
