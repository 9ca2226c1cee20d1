# SPDX-License-Identifier: MIT
# A body that is a file handle, which the server reads to its end.
use strict;
use warnings;

my $root = $ENV{BENCH_ROOT};

sub {
    my $env = shift;
    open my $file, '<:raw', $root . $env->{PATH_INFO}
        or return [404, [], []];
    return [200, [
        'Content-Type'   => 'application/octet-stream',
        'Content-Length' => -s $file,
    ], $file];
};
