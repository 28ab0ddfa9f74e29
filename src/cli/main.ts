#!/usr/bin/env node
import { createProgram } from './create-program.js';

void createProgram().parseAsync();
