/* A program for tests: says everything that it can sense of the machine under it.
 *
 * stdin:  nothing
 * stdout: a line for each sense
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void say_clock(const char *name, clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) == 0)
        printf("%s %lld.%09ld\n", name, (long long)now.tv_sec, now.tv_nsec);
}

static void say_variable(const char *name)
{
    const char *value = getenv(name);
    printf("variable %s %s\n", name, value ? value : "none");
}

static void say_random(void)
{
    uint8_t bytes[24];
    if (getentropy(bytes, sizeof bytes) != 0)
        printf("entropy none\n");
    printf("entropy ");
    for (size_t i = 0; i < sizeof bytes; i++)
        printf("%02x", bytes[i]);
    printf("\n");
    srand((unsigned)time(NULL));
    printf("rand %d\n", rand());
}

static void say_file(const char *path)
{
    FILE *file = fopen(path, "r");
    printf("file %s %s\n", path, file ? "open" : strerror(errno));
}

int main(int argc, char **argv)
{
    int variables = 0;
    int local;
    void *heap = malloc(100);
    time_t now;
    struct timespec nap = {5, 250};
    char text[64];

    while (environ && environ[variables])
        variables++;
    printf("arguments %d %s\nvariables %d\n", argc, argc > 0 ? argv[0] : "", variables);
    say_variable("TZ");
    say_variable("HOME");
    say_variable("PATH");
    say_variable("LANG");
    say_clock("realtime", CLOCK_REALTIME);
    say_clock("monotonic", CLOCK_MONOTONIC);
    nanosleep(&nap, NULL);
    say_clock("slept", CLOCK_MONOTONIC);
    now = time(NULL);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", localtime(&now));
    printf("local %s\n", text);
    say_random();
    say_file("/etc/hostname");
    say_file("main.c");
    /* Where the loader, the stack and the heap put things. */
    printf("places %p %p %p\n", (void *)&variables, (void *)&local, heap);
    printf("terminal %d %d\n", isatty(0), isatty(1));
    printf("sync %s\n", fsync(1) == 0 ? "done" : strerror(errno));
    return 0;
}
