<?php
// SPDX-License-Identifier: MIT
// How an application that lets itself decide who may download sends a file.
$path = $_SERVER['DOCUMENT_ROOT'] . $_SERVER['DOCUMENT_URI'];
header('Content-Type: application/octet-stream');
header('Content-Length: ' . filesize($path));
readfile($path);
