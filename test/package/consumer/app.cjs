const express = require('express');
const crmNotifier = require('express-crm-notifier');
const { oneBooking } = require('./one-booking.cjs');

void oneBooking(express, crmNotifier);
